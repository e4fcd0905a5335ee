// @ts-check
/** One order on the counter board, built as text and buttons. */

import { element } from "./element.js";
import { money, timeOfDay } from "./format.js";
import { next, since } from "./lifecycle.js";
import { pieces } from "./stations.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Line} Line */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {{move: (order: Order, status: Status) => void, more: (order: Order) => void}} Acts */

/**
 * @param {Order} order
 * @param {object} given
 * @param {Line[]} given.lines those that are made at this screen's stations
 * @param {boolean} given.isWaiting a move of it could not be sent so far
 * @param {Acts} given.acts
 */
export function orderCard(order, { lines, isWaiting, acts }) {
  const elsewhere = pieces(order.lines) - pieces(lines);
  return element(
    "li",
    { className: "card", data: { order: order.id, status: order.status, waiting: String(isWaiting) } },
    head(order),
    isWaiting && element("p", { className: "waiting-tag" }, say("board.waiting_tag")),
    element("ul", { className: "lines" }, ...lines.map(line)),
    elsewhere > 0 && element("p", { className: "elsewhere" }, say("board.elsewhere", { count: elsewhere })),
    order.note && element("p", { className: "note", dir: "auto" }, order.note),
    buttons(order, acts),
  );
}

/**
 * A finished order, in one row.
 * @param {Order} order
 * @param {Status | null} recall
 * @param {boolean} isWaiting
 * @param {Acts} acts
 */
export function doneRow(order, recall, isWaiting, acts) {
  return element(
    "li",
    { className: "done-row", data: { order: order.id, status: order.status, waiting: String(isWaiting) } },
    element("span", { className: "number" }, String(order.number)),
    element("span", { className: "card-name", dir: "auto" }, calledName(order)),
    mark(order.status),
    element("time", { dateTime: order.updated_at }, timeOfDay(order.updated_at)),
    isWaiting && element("p", { className: "waiting-tag" }, say("board.waiting_tag")),
    recall && recallButton(order, recall, acts),
  );
}

/**
 * A status as a word and a shape.
 * @param {Status} status
 * @param {string} [word]
 */
export function mark(status, word = say(`status.${status}`)) {
  return element("span", { className: "mark", data: { status } }, word);
}

/**
 * The name to call.
 * @param {Order} order
 */
export function calledName(order) {
  return order.pickup_name ?? order.customer.name;
}

/** What waits for the shop counts from when it was placed; what waits for its customer, from when it was ready.
 * @param {Order} order */
function head(order) {
  const from = order.status === "ready" ? since(order) : order.placed_at;
  return element(
    "header",
    { className: "card-head" },
    element("span", { className: "number" }, String(order.number)),
    element("span", { className: "card-name", dir: "auto" }, calledName(order)),
    element("time", { className: "age", dateTime: from, data: { since: from } }),
    element("span", { className: "card-total" }, money(order.total_minor, order.currency)),
  );
}

/** @param {Line} line */
function line({ quantity, name, note }) {
  return element(
    "li",
    { data: { many: String(quantity > 1) } },
    element("span", { className: "quantity" }, `${quantity}×`),
    element("span", { className: "line-name", dir: "auto" }, name),
    note && element("span", { className: "note", dir: "auto" }, note),
  );
}

/** @param {Order} order @param {Acts} acts */
function buttons(order, acts) {
  const to = next(order);
  const more = element("button", {
    type: "button",
    className: "more",
    data: { act: "more", focus: "more" },
    "aria-haspopup": "dialog",
    "aria-label": say("board.more", { number: order.number }),
    on: { click: () => acts.more(order) },
  });
  return element("div", { className: "card-buttons" }, to && moveButton(order, to, acts), more);
}

/** @param {Order} order @param {Status} to @param {Acts} acts */
function moveButton(order, to, acts) {
  return element(
    "button",
    {
      type: "button",
      className: "move",
      data: { act: "move", to, focus: "move" },
      "aria-label": `${say(`move.${to}`)} · ${order.number}`,
      on: { click: () => acts.move(order, to) },
    },
    say(`move.${to}`),
  );
}

/** @param {Order} order @param {Status} to @param {Acts} acts */
export function recallButton(order, to, acts) {
  return element(
    "button",
    { type: "button", data: { act: "recall", to }, on: { click: () => acts.move(order, to) } },
    say("move.recall", { status: say(`status.${to}`) }),
  );
}
