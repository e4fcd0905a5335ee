// @ts-check
/** One line of the basket: how many of what, its price, and a note to it. */

import { byId, element } from "./element.js";
import { money } from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./basket.js").PricedLine} PricedLine */
/** @typedef {{put: (item: {id: string, name: string}, pieces: number, line: number) => void,
 *   annotate: (note: string) => void, noteOne: () => void}} Acts */

/**
 * @param {PricedLine} line
 * @param {string} currency
 * @param {boolean} isLocked
 * @param {Acts} acts
 */
export function basketLine(line, currency, isLocked, { put, annotate, noteOne }) {
  const name = line.item?.name ?? line.name ?? say("basket.unknown_item");
  const button = (/** @type {string} */ act, /** @type {string} */ text, /** @type {number} */ pieces) =>
    element(
      "button",
      {
        type: "button",
        "aria-label": say(`basket.${act}_label`, { name }),
        data: { act, focus: act },
        disabled: isLocked,
        on: { click: () => (put({ id: line.item_id, name }, pieces, line.line), pieces > 0 || byId("basket-title").focus()) },
      },
      text,
    );
  const isThere = line.left > 0;
  return element(
    "li",
    { className: "basket-line", data: { item: line.item_id, problem: line.problem ?? "" } },
    element("span", { className: "line-name", dir: "auto" }, name),
    priceOf(line, currency),
    isThere
      ? element(
          "span",
          { className: "stepper" },
          button(line.quantity > 1 ? "less" : "remove", "−", line.quantity - 1),
          element("span", { className: "pieces" }, String(line.quantity)),
          button("more", "+", line.quantity + 1),
        )
      : button("remove", "✕", 0),
    ...noteOf(line, name, isLocked, { annotate, noteOne }),
  );
}

/** @param {PricedLine} line @param {string} currency */
function priceOf({ problem, left, amount_minor, was_minor }, currency) {
  const word = problem && element("span", { className: "sold-out" }, say(`basket.${problem}`, { left }));
  if (left === 0) return word;
  const was = was_minor !== null && element("s", { className: "was" }, money(was_minor * left, currency));
  return element("span", { className: "line-price" }, word, was, element("span", { className: "amount" }, money(amount_minor, currency)));
}

/** A note is for all pieces of its line, unless somebody says that it is for one. @param {PricedLine} line
 * @param {string} name @param {boolean} isLocked @param {Pick<Acts, "annotate" | "noteOne">} acts */
function noteOf(line, name, isLocked, { annotate, noteOne }) {
  const input = element("input", {
    className: "line-note",
    value: line.note,
    maxLength: 200,
    disabled: isLocked,
    placeholder: say("basket.line_note_hint"),
    "aria-label": say("basket.line_note", { name }),
    data: { focus: "note" },
  });
  const one = element(
    "button",
    { type: "button", className: "quiet note-one", disabled: isLocked, data: { act: "note-one" }, on: { click: noteOne } },
    say("basket.note_one"),
  );
  const show = () => (one.hidden = line.quantity < 2 || input.value.trim() === "");
  input.addEventListener("input", () => (annotate(input.value), show()));
  show();
  return [input, one];
}
