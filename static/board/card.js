// @ts-check
/** One order on the counter board, built as text and buttons. */

import { element } from "./element.js";
import { money, timeOfDay } from "./format.js";
import { next } from "./lifecycle.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {{move: (order: Order, status: Status) => void, cancel: (order: Order) => void}} Acts */

/**
 * @param {Order} order
 * @param {object} given
 * @param {Status | null} given.recall where the last move can be taken back to
 * @param {boolean} given.isBusy a move of it is on its way
 * @param {Acts} given.acts
 */
export function orderCard(order, { recall, isBusy, acts }) {
  return element(
    "li",
    { className: "card", data: { order: order.id, status: order.status }, "aria-busy": String(isBusy) },
    head(order),
    element("ul", { className: "lines" }, ...order.lines.map(line)),
    order.note && element("p", { className: "note", dir: "auto" }, order.note),
    element("p", { className: "card-total" }, money(order.total_minor, order.currency)),
    buttons(order, recall, isBusy, acts),
  );
}

/**
 * A finished order, in one row.
 * @param {Order} order
 * @param {Status | null} recall
 * @param {boolean} isBusy
 * @param {Acts} acts
 */
export function doneRow(order, recall, isBusy, acts) {
  return element(
    "li",
    { className: "done-row", data: { order: order.id, status: order.status }, "aria-busy": String(isBusy) },
    element("span", { className: "number" }, String(order.number)),
    element("span", { className: "card-name", dir: "auto" }, calledName(order)),
    mark(order.status),
    element("time", { dateTime: order.updated_at }, timeOfDay(order.updated_at)),
    recall && recallButton(order, recall, isBusy, acts),
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

/** @param {Order} order */
function head(order) {
  const age = element("time", { className: "age", dateTime: order.placed_at, data: { since: order.placed_at } });
  return element(
    "header",
    { className: "card-head" },
    element("span", { className: "number" }, String(order.number)),
    element("span", { className: "card-name", dir: "auto" }, calledName(order)),
    age,
  );
}

/** @param {import("./store.js").Line} line */
function line({ quantity, name, note }) {
  return element(
    "li",
    {},
    element("span", { className: "quantity" }, `${quantity}×`),
    element("span", { className: "line-name", dir: "auto" }, name),
    note && element("span", { className: "note", dir: "auto" }, note),
  );
}

/** @param {Order} order @param {Status | null} recall @param {boolean} isBusy @param {Acts} acts */
function buttons(order, recall, isBusy, acts) {
  const to = next(order);
  const cancel = element(
    "button",
    { type: "button", className: "quiet danger", disabled: isBusy, data: { act: "cancel" }, on: { click: () => acts.cancel(order) } },
    say("move.cancel"),
  );
  return element(
    "div",
    { className: "card-buttons" },
    to && moveButton(order, to, isBusy, acts),
    ...more(order, recall && recallButton(order, recall, isBusy, acts), cancel),
  );
}

/** The rarer moves, behind a button so that no thumb meets them by chance.
 * @param {Order} order @param {...(HTMLElement | null)} rare */
function more(order, ...rare) {
  const place = element("div", { className: "more-buttons", hidden: true }, ...rare);
  const toggle = element("button", {
    type: "button",
    className: "more",
    data: { act: "more", focus: "more" },
    "aria-expanded": "false",
    "aria-label": say("board.more", { number: order.number }),
    on: { click: () => toggle.setAttribute("aria-expanded", String((place.hidden = !place.hidden) === false)) },
  });
  return [toggle, place];
}

/** @param {Order} order @param {Status} to @param {boolean} isBusy @param {Acts} acts */
function moveButton(order, to, isBusy, acts) {
  return element(
    "button",
    {
      type: "button",
      className: "move",
      disabled: isBusy,
      data: { act: "move", to, focus: "move" },
      "aria-label": `${say(`move.${to}`)} · ${order.number}`,
      on: { click: () => acts.move(order, to) },
    },
    say(`move.${to}`),
  );
}

/** @param {Order} order @param {Status} to @param {boolean} isBusy @param {Acts} acts */
function recallButton(order, to, isBusy, acts) {
  return element(
    "button",
    { type: "button", className: "quiet", disabled: isBusy, data: { act: "recall", to }, on: { click: () => acts.move(order, to) } },
    say("move.recall", { status: say(`status.${to}`) }),
  );
}
