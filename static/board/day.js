// @ts-check
/** A day's orders in figures: by status, by item, by hour. Pure. */

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {{count: number, minor: number}} Sum */
/** @typedef {{orders: Sum, statuses: {status: Status, count: number, minor: number}[],
 *   items: {name: string, count: number, minor: number}[], hours: {hour: number, count: number, minor: number}[]}} Totals */

/** @type {Status[]} */
const STATUSES = ["pending", "preparing", "ready", "picked_up", "cancelled"];

/**
 * What was sold leaves out what was cancelled; the statuses have everything.
 * @param {Order[]} orders
 * @param {string} timeZone of the shop
 * @returns {Totals}
 */
export function totals(orders, timeZone) {
  const sold = orders.filter(({ status }) => status !== "cancelled");
  const statuses = STATUSES.map((status) => ({ status, ...sum(orders.filter((order) => order.status === status)) }));
  return { orders: sum(sold), statuses: statuses.filter(({ count }) => count > 0), items: byItem(sold), hours: byHour(sold, timeZone) };
}

/**
 * The day that it is somewhere, as `2026-11-22`.
 * @param {number} atMs
 * @param {string} timeZone
 */
export function dayAt(atMs, timeZone) {
  return localParts(atMs, timeZone).day;
}

/**
 * A moment as people there write it down, so that spreadsheet programs know it for one: `2026-11-22 09:15`.
 * @param {string | null} at
 * @param {string} timeZone
 */
export function localTime(at, timeZone) {
  if (at === null) return "";
  const { day, hour, minute } = localParts(Date.parse(at), timeZone);
  return `${day} ${hour}:${minute}`;
}

/**
 * Another day of the calendar.
 * @param {string} day as `2026-11-22`
 * @param {number} by
 */
export function dayBeside(day, by) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + by);
  return date.toISOString().slice(0, 10);
}

/** @param {Order[]} orders @returns {Sum} */
function sum(orders) {
  return { count: orders.length, minor: orders.reduce((minor, order) => minor + order.total_minor, 0) };
}

/** Most sold first; an item that was renamed in the course of the day counts by each of its names. @param {Order[]} orders */
function byItem(orders) {
  /** @type {Map<string, Sum>} */
  const found = new Map();
  for (const { name, quantity, amount_minor: minor } of orders.flatMap(({ lines }) => lines)) {
    const before = found.get(name) ?? { count: 0, minor: 0 };
    found.set(name, { count: before.count + quantity, minor: before.minor + minor });
  }
  const items = [...found].map(([name, figures]) => ({ name, ...figures }));
  return items.sort((a, b) => b.count - a.count || b.minor - a.minor || (a.name < b.name ? -1 : 1));
}

/** From the first hour with an order to the last, those without any between them included.
 * @param {Order[]} orders @param {string} timeZone */
function byHour(orders, timeZone) {
  /** @type {Map<number, Order[]>} */
  const found = new Map();
  for (const order of orders) {
    const hour = Number(localParts(Date.parse(order.placed_at), timeZone).hour);
    found.set(hour, [...(found.get(hour) ?? []), order]);
  }
  if (found.size === 0) return [];
  const [first, last] = [Math.min(...found.keys()), Math.max(...found.keys())];
  return Array.from({ length: last - first + 1 }, (_, index) => ({ hour: first + index, ...sum(found.get(first + index) ?? []) }));
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {number} atMs @param {string} timeZone */
function localParts(atMs, timeZone) {
  const clock = clocks.get(timeZone) ?? new Intl.DateTimeFormat("en", { timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
  clocks.set(timeZone, clock);
  const parts = Object.fromEntries(clock.formatToParts(atMs).map(({ type, value }) => [type, value]));
  return { day: `${parts.year}-${parts.month}-${parts.day}`, hour: parts.hour, minute: parts.minute };
}
