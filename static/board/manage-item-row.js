// @ts-check
/** One item of the menu as those who work at the shop see it: is it to be had, how many are left, what does it cost. */

import { ask, button } from "./dialog.js";
import { element } from "./element.js";
import { onSubmit } from "./form.js";
import { money } from "./format.js";
import { photo } from "./photo.js";
import { segmented } from "./segmented.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./manage-item-moves.js").ItemMoves} ItemMoves */
/** @typedef {{sell: (isToBeHad: boolean) => void, count: () => void, edit?: () => void}} Acts */

const MOST = 1_000_000;

/** @param {Item} item @param {string} currency @param {Acts} acts @param {ItemMoves | null} moves what it is moved by */
export function itemRow(item, currency, acts, moves) {
  const { name, description } = item;
  return element(
    "li",
    { className: "item managed", data: { item: item.id, soldOut: String(item.sold_out) } },
    moves && moves.handle(item),
    element(
      "div",
      { className: "item-words" },
      photo(item),
      element("h3", { dir: "auto" }, name),
      element("p", { dir: "auto" }, description ?? ""),
    ),
    element("span", { className: "amount" }, money(item.price_minor, currency)),
    element("div", { className: "item-acts" }, ...(moves?.isOpen(item.id) ? moves.buttons(item) : actsOn(item, acts))),
  );
}

/** @param {Item} item @param {Acts} acts */
function actsOn(item, { sell, count, edit }) {
  const { name } = item;
  const options = [
    { value: "sell", text: say("manage.on_sale") },
    { value: "sold_out", text: say("manage.sold_out") },
  ];
  return [
    segmented(say("manage.sale_of", { name }), options, item.sold_out ? "sold_out" : "sell", (chosen) => sell(chosen === "sell")),
    act("count", stockWords(item, "manage.no_stock"), say("manage.stock_of", { name, stock: stockWords(item, "manage.no_limit") }), count),
    edit && act("edit", say("manage.edit"), say("manage.edit_name", { name }), edit),
  ];
}

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

/** @param {Item} item @param {string} unlimited the key for what is not counted */
function stockWords({ stock }, unlimited) {
  return stock === null || stock === undefined ? say(unlimited) : say("manage.stock", { count: stock });
}

/** @param {string} name @param {string} text @param {string} label @param {() => void} click */
function act(name, text, label, click) {
  return element("button", { type: "button", className: "quiet", "aria-label": label, data: { act: name, focus: name }, on: { click } }, text);
}

/** @param {string} sign @param {string} key @param {() => void} click */
function stepButton(sign, key, click) {
  return element("button", { type: "button", className: "step", "aria-label": say(key), on: { click } }, sign);
}
