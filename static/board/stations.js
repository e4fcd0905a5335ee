// @ts-check
/** What a screen of the counter shows: all of the orders, or what the categories of its station have to make. Pure. */

import { soldItems } from "./store.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Line} Line */
/** @typedef {import("./store.js").State} State */
/** @typedef {{all: string[], chosen: string[], gone: string[]}} Stations `gone`: chosen ones that the menu no longer has */

// What has no category is made at a station as well; in the address it has no name.
export const OTHER = "";

/**
 * The stations of a menu, in its order, and those that an address chooses; none chosen means all.
 * @param {State} state
 * @param {URLSearchParams} address
 * @returns {Stations}
 */
export function stations(state, address) {
  const named = new Set(soldItems(state).map(({ category }) => category ?? OTHER));
  const isMixed = named.delete(OTHER);
  const all = isMixed ? [...named, OTHER] : [...named];
  const wanted = [...new Set(address.getAll("station"))];
  return { all, chosen: wanted.filter((name) => all.includes(name)), gone: wanted.filter((name) => !all.includes(name)) };
}

/**
 * The address after a tap on a station, null being all of them.
 * @param {URLSearchParams} address
 * @param {string | null} name
 */
export function toggled(address, name) {
  const before = address.getAll("station");
  const after = new URLSearchParams(address);
  after.delete("station");
  if (name === null) return after;
  const chosen = before.includes(name) ? before.filter((other) => other !== name) : [...before, name];
  for (const each of chosen) after.append("station", each);
  return after;
}

/**
 * The lines of an order that are made at the chosen stations. A line whose station nobody knows, because its item has
 * left the menu, is shown at each: better twice than never.
 * @param {Order} order
 * @param {Stations} of
 * @param {State["items"]} items
 * @returns {Line[]}
 */
export function linesAt(order, { all, chosen }, items) {
  if (chosen.length === 0) return order.lines;
  return order.lines.filter(({ item_id: id }) => {
    const item = items.get(id);
    const station = item ? (item.category ?? OTHER) : null;
    return station === null || chosen.includes(station) || !all.includes(station);
  });
}

/** How many pieces these lines are. @param {Line[]} lines */
export function pieces(lines) {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0);
}
