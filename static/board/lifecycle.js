// @ts-check
/** The moves of an order as a page offers them. Pure; the server has the last word. */

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */

/** @type {ReadonlyArray<Status>} */
export const STEPS = Object.freeze(["pending", "preparing", "ready", "picked_up"]);

/** @type {Readonly<Record<string, Status | null>>} */
const NEXT = Object.freeze({ pending: "preparing", preparing: "ready", ready: "picked_up" });

/**
 * The usual next status, null at the end.
 * @param {Order} order
 * @returns {Status | null}
 */
export function next(order) {
  return NEXT[order.status] ?? null;
}

/**
 * Where the last move can be taken back to, null where it cannot: a move can be skipped (pending → ready), so the
 * times of the steps tell which status came before.
 * @param {Order} order
 * @param {number} nowMs the server's time
 * @param {number} withinMs for how long it can be taken back
 * @returns {Status | null}
 */
export function recallTo(order, nowMs, withinMs) {
  if (nowMs - Date.parse(order.updated_at) > withinMs) return null;
  if (order.status === "cancelled" && order.cancelled_by !== "shop") return null;
  const standing = order.status === "cancelled" ? STEPS.length : STEPS.indexOf(order.status);
  const passed = [order.placed_at, order.preparing_at, order.ready_at, order.picked_up_at];
  for (let step = standing - 1; step >= 0; step -= 1) {
    if (passed[step]) return STEPS[step];
  }
  return null;
}

/**
 * Whether a move takes an earlier one back.
 * @param {Status} from
 * @param {Status} to
 */
export function isBack(from, to) {
  if (to === "cancelled") return false;
  return from === "cancelled" || STEPS.indexOf(to) < STEPS.indexOf(from);
}

/**
 * Since when the order has its status.
 * @param {Order} order
 * @returns {string}
 */
export function since(order) {
  const times = {
    pending: order.placed_at,
    preparing: order.preparing_at,
    ready: order.ready_at,
    picked_up: order.picked_up_at,
    cancelled: order.cancelled_at,
  };
  return times[order.status] ?? order.updated_at;
}
