// @ts-check
/** What is still to make, all open orders together: “14 flat whites”. Pure. */

import { soldItems } from "./store.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Line} Line */
/** @typedef {import("./store.js").State} State */
/** @typedef {{id: string, name: string, quantity: number, noted: number}} Count `noted`: how many of them have a note */

const TO_MAKE = ["pending", "preparing"];

/**
 * The pieces of each item that orders still wait for, in the order of the menu, so that rows stay where they are while
 * their numbers change; what has left the menu comes last.
 * @param {Iterable<Order>} orders
 * @param {(order: Order) => Line[]} linesOf those that count
 * @param {State} state
 * @returns {Count[]}
 */
export function toMake(orders, linesOf, state) {
  /** @type {Map<string, Count>} */
  const counts = new Map();
  for (const order of orders) {
    if (TO_MAKE.includes(order.status)) for (const line of linesOf(order)) count(counts, line, state);
  }
  const places = new Map(soldItems(state).map(({ id }, place) => [id, place]));
  const placeOf = (/** @type {Count} */ { id }) => places.get(id) ?? places.size;
  return [...counts.values()].sort((a, b) => placeOf(a) - placeOf(b) || (a.name < b.name ? -1 : 1));
}

/** @param {Map<string, Count>} counts @param {Line} line @param {State} state */
function count(counts, { item_id: id, name, quantity, note }, state) {
  const before = counts.get(id) ?? { id, name: state.items.get(id)?.name ?? name, quantity: 0, noted: 0 };
  counts.set(id, { ...before, quantity: before.quantity + quantity, noted: before.noted + (note ? quantity : 0) });
}
