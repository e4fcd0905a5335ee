// @ts-check
/** The menu as a list: its categories, and what is sold in them, each with how many are in the basket. */

import { byId, element, showList, tell } from "./element.js";
import { money } from "./format.js";
import { photo } from "./photo.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {{pieces: (id: string) => number, put: (item: Item, pieces: number) => void, isLocked: () => boolean}} Wishes */

// Fewer headings are seen at a glance.
const FEWEST_LINKS = 3;

/**
 * Show the items, and links to their categories where there are several.
 * @param {Item[]} items
 * @param {string} currency
 * @param {Wishes} wishes
 */
export function showMenu(items, currency, wishes) {
  tell(byId("empty"), items.length === 0 ? say("menu.empty") : "");
  const categories = [...new Set(items.map((item) => item.category ?? ""))];
  showList(byId("menu"), categories, { key: (name) => name, mark: () => "", make: section });
  [.../** @type {HTMLElement[]} */ ([...byId("menu").children])].forEach((part, index) => {
    const own = items.filter((item) => (item.category ?? "") === part.dataset.key);
    const heading = /** @type {HTMLElement} */ (part.querySelector("h2"));
    part.id = sectionId(index);
    // "More" than what, at the head of the menu?
    heading.hidden = !part.dataset.key && !categories[0];
    showList(/** @type {HTMLElement} */ (part.querySelector("ul")), own, {
      key: (item) => item.id,
      mark: (item) => JSON.stringify([item, wishes.pieces(item.id), wishes.isLocked(), currency]),
      make: (item) => itemRow(item, currency, wishes),
    });
  });
  showLinks(categories);
}

/** @param {string[]} categories */
function showLinks(categories) {
  const links = byId("categories");
  links.hidden = categories.length < FEWEST_LINKS;
  showList(links, links.hidden ? [] : [...categories.entries()], {
    key: ([, name]) => name,
    mark: ([index]) => String(index),
    make: ([index, name]) => element("a", { href: `#${sectionId(index)}`, dir: "auto" }, headingOf(name)),
  });
}

/** @param {number} index */
function sectionId(index) {
  return `category-${index + 1}`;
}

/** @param {string} name */
function headingOf(name) {
  return name || say("menu.other");
}

/** @param {string} name */
function section(name) {
  return element(
    "section",
    { className: "category" },
    element("h2", { dir: "auto" }, headingOf(name)),
    element("ul", { className: "items" }),
  );
}

/** @param {Item} item @param {string} currency @param {Wishes} wishes */
function itemRow(item, currency, wishes) {
  const pieces = wishes.pieces(item.id);
  return element(
    "li",
    { className: "item", data: { item: item.id, soldOut: String(item.sold_out), pieces: String(pieces) } },
    element(
      "div",
      { className: "item-words" },
      photo(item),
      element("h3", { dir: "auto" }, item.name),
      item.description && element("p", { dir: "auto" }, item.description),
    ),
    element("span", { className: "amount" }, money(item.price_minor, currency)),
    item.sold_out ? element("span", { className: "sold-out" }, say("menu.sold_out")) : stepper(item, pieces, wishes),
  );
}

/** @param {Item} item @param {number} pieces @param {Wishes} wishes */
function stepper(item, pieces, { put, isLocked }) {
  const button = (/** @type {string} */ act, /** @type {string} */ label, /** @type {string} */ text, /** @type {number} */ by) =>
    element(
      "button",
      {
        type: "button",
        "aria-label": say(`menu.${label}`, { name: item.name }),
        data: { act, focus: act },
        disabled: isLocked(),
        on: { click: () => put(item, pieces + by) },
      },
      text,
    );
  if (pieces === 0) return button("add", "add_label", say("menu.add"), 1);
  return element(
    "div",
    { className: "stepper" },
    button("less", "less_label", "−", -1),
    element("output", { className: "pieces" }, String(pieces)),
    button("add", "more_label", "+", 1),
  );
}
