// @ts-check
/** Finding an order by its number or by the name that is called. Pure. */

/** @typedef {import("./store.js").Order} Order */

const MOST_DIGITS = 5;

/**
 * Whether an order is among those that somebody looks for.
 * @param {Order} order
 * @param {string} text the beginning of its number, or a part of its name, in either case and with accents or without
 */
export function isFound(order, text) {
  const wanted = folded(text);
  if (/^\d+$/.test(wanted)) return String(order.number).startsWith(wanted);
  return folded(order.pickup_name ?? order.customer.name).includes(wanted);
}

/**
 * The digits that were typed on a keyboard or a bump bar so far.
 * @param {string} before
 * @param {string} digit
 */
export function typed(before, digit) {
  return (before + digit).slice(-MOST_DIGITS).replace(/^0+/, "");
}

/**
 * The order with exactly this number; of two, of different days, the older one.
 * @template {{number: number}} T
 * @param {T[]} orders oldest first
 * @param {string} digits
 * @returns {T | null}
 */
export function numbered(orders, digits) {
  return orders.find(({ number }) => String(number) === digits) ?? null;
}

/** @param {string} text */
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();
}
