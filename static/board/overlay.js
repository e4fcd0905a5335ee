// @ts-check
/** How orders look with the taps on them that the server has not answered yet. Pure. */

import { STEPS } from "./lifecycle.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {import("./taps.js").Tap} Tap */

/** @type {Readonly<Record<string, keyof Order>>} */
const TIMES = Object.freeze({ preparing: "preparing_at", ready: "ready_at", picked_up: "picked_up_at", cancelled: "cancelled_at" });

/**
 * The orders with these taps carried out. A tap on a version that is no longer the order's changes nothing: what has
 * happened meanwhile is shown, and the server decides about the tap.
 * @param {ReadonlyMap<string, Order>} orders
 * @param {ReadonlyArray<Tap>} taps oldest first
 * @returns {ReadonlyMap<string, Order>}
 */
export function overlaid(orders, taps) {
  if (taps.length === 0) return orders;
  const shown = new Map(orders);
  for (const tap of taps) {
    const order = shown.get(tap.order);
    // Who else has moved it may have made just as many moves as the taps before this one.
    if (order?.version === tap.version && order.status === tap.from) shown.set(tap.order, moved(order, tap));
  }
  return shown;
}

/**
 * An order as it will be after a tap.
 * @param {Order} order
 * @param {Pick<Tap, "to" | "reason" | "at">} tap
 * @returns {Order}
 */
export function moved(order, { to, reason, at }) {
  const after = { ...order, status: to, version: order.version + 1, updated_at: at };
  if (isBack(order.status, to)) {
    // Taken back, and with it what the move had written.
    Object.assign(after, { [TIMES[order.status]]: null, cancelled_by: null, reason: null });
  } else {
    Object.assign(after, { [TIMES[to]]: at });
    if (to === "cancelled") Object.assign(after, { cancelled_by: "shop", reason });
  }
  return after;
}

/** @param {Status} from @param {Status} to */
function isBack(from, to) {
  if (to === "cancelled") return false;
  return from === "cancelled" || STEPS.indexOf(to) < STEPS.indexOf(from);
}
