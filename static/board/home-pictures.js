// @ts-check
/** Three pictures of what this is about, drawn from the words and colours of the screens themselves. */

import { element } from "./element.js";
import { money } from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Status} Status */
/** @typedef {{number: number, lines: string[]}} Drawn */

const ITEMS = [
  { key: "coffee", minor: 350 },
  { key: "cake", minor: 420 },
  { key: "roll", minor: 280 },
];
/** @type {{status: Status, next: string, cards: Drawn[]}[]} */
const COLUMNS = [
  { status: "pending", next: "preparing", cards: [{ number: 45, lines: ["coffee", "coffee", "roll"] }, { number: 46, lines: ["cake"] }] },
  { status: "preparing", next: "ready", cards: [{ number: 43, lines: ["coffee", "cake"] }, { number: 44, lines: ["coffee"] }] },
  { status: "ready", next: "picked_up", cards: [{ number: 41, lines: ["roll"] }, { number: 42, lines: ["cake", "cake"] }] },
];

/** @param {string} currency that of the place where this is read */
export function pictures(currency) {
  return [
    picture("phone", phone(currency)),
    picture("board", element("div", { className: "drawn-columns" }, ...COLUMNS.map(column))),
    picture("wall", called("preparing", [43, 44]), called("ready", [41, 42])),
  ];
}

/** @param {string} name @param {...Node} drawn */
function picture(name, ...drawn) {
  // To those who hear the page the words below say it all.
  const screen = element("div", { className: "drawn", "aria-hidden": "true", data: { screen: name } }, element("div", { className: "drawn-screen" }, ...drawn));
  const words = element("figcaption", {}, element("strong", {}, say(`home.picture.${name}`)), element("span", {}, say(`home.picture.${name}_hint`)));
  return element("li", {}, element("figure", { className: "picture" }, screen, words));
}

/** @param {string} currency */
function phone(currency) {
  const price = (/** @type {number} */ minor) => money(minor, currency);
  const rows = ITEMS.map(({ key, minor }) =>
    element(
      "div",
      { className: "drawn-item", data: { drawn: key } },
      element("span", { className: "drawn-photo" }),
      element("span", {}, element("strong", {}, say(`home.drawn.${key}`)), element("span", { className: "drawn-price" }, price(minor))),
      element("span", { className: "drawn-button" }, say("menu.add")),
    ),
  );
  const total = price(ITEMS[0].minor * 2 + ITEMS[2].minor);
  return element("div", { className: "drawn-menu" }, ...rows, element("span", { className: "drawn-order" }, say("basket.order", { total })));
}

/** @param {{status: Status, next: string, cards: Drawn[]}} column */
function column({ status, next, cards }) {
  const drawn = cards.map(({ number, lines }) =>
    element(
      "div",
      { className: "drawn-card", data: { status } },
      element("strong", { className: "number" }, String(number)),
      ...counted(lines).map(([key, count]) => element("span", {}, `${count} × ${say(`home.drawn.${key}`)}`)),
      element("span", { className: "drawn-button", data: { to: next } }, say(`move.${next}`)),
    ),
  );
  return element("div", {}, element("span", { className: "mark", data: { status } }, say(`status.${status}`)), ...drawn);
}

/** @param {string[]} keys @returns {[string, number][]} */
function counted(keys) {
  return [...new Set(keys)].map((key) => [key, keys.filter((other) => other === key).length]);
}

/** @param {Status} status @param {number[]} numbers */
function called(status, numbers) {
  const drawn = numbers.map((number) => element("span", { className: "number" }, String(number)));
  return element("div", { className: "drawn-called", data: { status } }, element("span", { className: "mark", data: { status } }, say(`status.${status}`)), element("div", {}, ...drawn));
}
