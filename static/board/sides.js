// @ts-check
/** What stands beside the columns: what is still to make, all orders together, and what was done lately. */

import { doneRow } from "./card.js";
import { byId, element, showList, tell } from "./element.js";
import { duration } from "./format.js";
import { RECALL_MS } from "./settings.js";
import { linesAt } from "./stations.js";
import { toMake } from "./tally.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */

/** @param {Order[]} active @param {import("./stations.js").Stations} at @param {import("./store.js").State} state */
export function showAllDay(active, at, state) {
  const counts = toMake(active, (order) => linesAt(order, at, state.items), state);
  tell(byId("none-all_day"), counts.length === 0 ? say("board.none_to_make") : "");
  showList(byId("all_day"), counts, {
    key: ({ id }) => id,
    mark: ({ name, quantity, noted }) => `${quantity}/${noted}/${name}`,
    make: ({ name, quantity, noted }) =>
      element(
        "li",
        {},
        element("span", { className: "quantity" }, String(quantity)),
        element("span", { className: "line-name", dir: "auto" }, name),
        noted > 0 && element("span", { className: "hint" }, say("board.noted", { count: noted })),
      ),
  });
}

/**
 * @param {Order[]} orders
 * @param {object} given
 * @param {(order: Order) => Status | null} given.recall
 * @param {(order: Order) => boolean} given.isWaiting
 * @param {import("./card.js").Acts} given.acts
 */
export function showDone(orders, { recall, isWaiting, acts }) {
  tell(byId("none-done"), orders.length === 0 ? say("board.none_done", { time: duration(RECALL_MS) }) : "");
  showList(byId("done"), orders, {
    key: (order) => order.id,
    mark: (order) => `${order.version}/${order.status}/${isWaiting(order)}/${recall(order)}`,
    make: (order) => doneRow(order, recall(order), isWaiting(order), acts),
  });
}
