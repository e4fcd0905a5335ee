// @ts-check
/** Which of the numbers on the pickup screen are those of today: they begin anew with each business day. Pure. */

/** @typedef {{day: string, number: number}} Numbered */

// Whoever ordered before midnight is still served after it; what is left in the morning nobody waits for.
const NIGHT_ENDS_MS = 6 * 3_600_000;

/**
 * Numbers of today, in their order, and those of earlier days by day, the newest first. A number that there is twice
 * belongs to the newer day.
 * @template {Numbered} T
 * @param {T[]} shown
 * @param {number} nowMs
 * @param {string} [timeZone] of the shop; the device's own if absent
 * @returns {{today: T[], earlier: {day: string, numbers: T[]}[]}}
 */
export function byDay(shown, nowMs, timeZone) {
  const since = dayOf(nowMs - NIGHT_ENDS_MS, timeZone);
  const newest = new Map();
  for (const { day, number } of shown) {
    if (!newest.has(number) || day > newest.get(number)) newest.set(number, day);
  }
  /** @type {Map<string, T[]>} */
  const earlier = new Map();
  const today = shown.filter((one) => {
    if (one.day >= since && newest.get(one.number) === one.day) return true;
    earlier.set(one.day, [...(earlier.get(one.day) ?? []), one]);
    return false;
  });
  const days = [...earlier].sort(([a], [b]) => (a < b ? 1 : -1));
  return { today: inOrder(today), earlier: days.map(([day, numbers]) => ({ day, numbers: inOrder(numbers) })) };
}

/** @param {number} ms @param {string} [timeZone] */
function dayOf(ms, timeZone) {
  // The one locale whose dates can be compared as text.
  return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(ms);
}

/** @template {Numbered} T @param {T[]} numbers */
function inOrder(numbers) {
  return [...numbers].sort((a, b) => (a.day === b.day ? a.number - b.number : a.day < b.day ? -1 : 1));
}
