// @ts-check
/** Moves that were tapped and that the server has not answered yet, and how orders look with them. Pure. */

import { isBack } from "./lifecycle.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/**
 * @typedef {object} Tap
 * @property {string} order its id
 * @property {number} number
 * @property {number} version that the person saw, and that the server has to find
 * @property {Status} from
 * @property {Status} to
 * @property {string | null} reason
 * @property {string} at by the server's clock
 */

const STATUSES = ["pending", "preparing", "ready", "picked_up", "cancelled"];

/**
 * A tap on an order as it is shown, earlier taps included.
 * @param {Order} order
 * @param {Status} to
 * @param {string | null} reason
 * @param {number} nowMs
 * @returns {Tap}
 */
export function tapOn(order, to, reason, nowMs) {
  const { id, number, version, status } = order;
  return { order: id, number, version, from: status, to, reason, at: new Date(nowMs).toISOString() };
}

/**
 * The taps that can still be made after one was refused: those on the same order began from what never came to be.
 * @param {ReadonlyArray<Tap>} taps
 * @param {Tap} refused
 */
export function without(taps, refused) {
  return taps.filter((tap) => tap.order !== refused.order);
}

/**
 * The taps without one that has not been sent and that nothing stands upon, if it can be taken back just so.
 * @param {ReadonlyArray<Tap>} taps
 * @param {Tap} unwanted
 * @param {Tap | null} sent the one that is on its way, or may have arrived
 * @returns {ReadonlyArray<Tap> | null}
 */
export function withdrawn(taps, unwanted, sent) {
  const last = taps.findLast((tap) => tap.order === unwanted.order);
  return last === unwanted && unwanted !== sent ? taps.filter((tap) => tap !== unwanted) : null;
}

/**
 * Taps as they were kept; what is none is left out.
 * @param {unknown} kept
 * @returns {Tap[]}
 */
export function read(kept) {
  return Array.isArray(kept) ? kept.filter(isTap) : [];
}

/** @param {any} tap */
function isTap(tap) {
  const isNamed = typeof tap?.order === "string" && typeof tap.number === "number" && typeof tap.at === "string";
  const isReasoned = tap?.reason === null || typeof tap?.reason === "string";
  return isNamed && isReasoned && Number.isInteger(tap.version) && STATUSES.includes(tap.from) && STATUSES.includes(tap.to);
}


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
