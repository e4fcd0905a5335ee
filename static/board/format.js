// @ts-check
/** Money, times and durations as a reader writes them. Pure, given a locale. */

// The decimals of ISO 4217 where they are not two. Intl's own differ for some currencies, and a price must not.
const DECIMALS = new Map([
  .../** @type {[string, number][]} */ (
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ").map((code) => [code, 0])
  ),
  .../** @type {[string, number][]} */ ("BHD IQD JOD KWD LYD OMR TND".split(" ").map((code) => [code, 3])),
  ["CLF", 4],
  ["UYW", 4],
]);

/**
 * How many decimals a currency has.
 * @param {string} currency
 */
export function decimals(currency) {
  return DECIMALS.get(currency) ?? 2;
}

/**
 * An amount of minor units with its currency, as `€3.50`, `¥350` or `KWD 0.350`.
 * @param {number} minor
 * @param {string} currency
 * @param {string} [locale] the reader's own if absent
 */
export function money(minor, currency, locale) {
  const digits = decimals(currency);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(minor / 10 ** digits);
}

/**
 * An amount of minor units as a person types it: `3.50`.
 * @param {number} minor
 * @param {string} currency
 */
export function plainMoney(minor, currency) {
  return (minor / 10 ** decimals(currency)).toFixed(decimals(currency));
}

/**
 * The minor units that a person typed, with a point or a comma for the decimals; null for anything else.
 * @param {string} text
 * @param {string} currency
 * @returns {number | null}
 */
export function parseMoney(text, currency) {
  const digits = decimals(currency);
  const found = /^(\d{1,9})(?:[.,](\d*))?$/.exec(text.trim());
  if (!found || (found[2] ?? "").length > digits) return null;
  return Number(found[1] + (found[2] ?? "").padEnd(digits, "0"));
}

/**
 * The time of day: `09:15`.
 * @param {string} at
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function timeOfDay(at, locale, timeZone) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone }).format(new Date(at));
}

/**
 * Day and time: `22 Nov 2026, 09:15`.
 * @param {string} at
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function dayAndTime(at, locale, timeZone) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone }).format(new Date(at));
}

/**
 * A duration in its largest fitting unit: `4 s`, `12 min`, `3 h`.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}
