// @ts-check
/** One item of the menu as those who work at the shop see it: is it to be had, how many are left, what does it cost. */

import { element } from "./element.js";
import { money } from "./format.js";
import { photo } from "./photo.js";
import { segmented } from "./segmented.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./manage-item-moves.js").ItemMoves} ItemMoves */
/** @typedef {{sell: (isToBeHad: boolean) => void, count: () => void, edit?: () => void}} Acts */

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

/** @param {Item} item @param {string} unlimited the key for what is not counted */
function stockWords({ stock }, unlimited) {
  return stock === null || stock === undefined ? say(unlimited) : say("manage.stock", { count: stock });
}

/** @param {string} name @param {string} text @param {string} label @param {() => void} click */
function act(name, text, label, click) {
  return element("button", { type: "button", className: "quiet", "aria-label": label, data: { act: name, focus: name }, on: { click } }, text);
}
