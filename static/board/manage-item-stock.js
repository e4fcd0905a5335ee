// @ts-check
/** How many of an item are left, asked of those who work at the shop. */

import { ask } from "./dialog.js";
import { button, element } from "./element.js";
import { onSubmit } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */

const MOST = 1_000_000;

/**
 * Ask how many there are.
 * @param {Item} item
 * @returns {Promise<number | null | undefined>} null is without limit, undefined is no answer
 */
export async function askStock({ name, stock }) {
  const input = element("input", { name: "stock", required: true, inputMode: "numeric", pattern: "[0-9]{1,7}", autocomplete: "off" });
  input.value = String(stock ?? "");
  const step = (/** @type {number} */ by) => (input.value = String(Math.min(MOST, Math.max(0, (Number(input.value) || 0) + by))));
  const answer = await ask((close) => {
    const form = element(
      "form",
      { className: "form" },
      element("label", { className: "field" }, element("span", { dir: "auto" }, say("manage.stock_question", { name })), input),
      element("div", { className: "buttons" }, stepButton("−", "manage.stock_less", () => step(-1)), stepButton("+", "manage.stock_more", () => step(1))),
      element("p", { className: "hint" }, say("manage.stock_hint")),
      element(
        "div",
        { className: "buttons" },
        element("button", { type: "submit", className: "primary" }, say("manage.save")),
        button(say("manage.no_limit"), () => close("none")),
        button(say("account.close"), () => close("")),
      ),
    );
    onSubmit(form, async (values) => close(values.stock));
    queueMicrotask(() => input.select());
    return [form];
  });
  if (answer === "none") return null;
  return answer === "" ? undefined : Math.min(MOST, Number(answer));
}

/** @param {string} sign @param {string} key @param {() => void} click */
function stepButton(sign, key, click) {
  return element("button", { type: "button", className: "step", "aria-label": say(key), on: { click } }, sign);
}
