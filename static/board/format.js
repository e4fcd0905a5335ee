// @ts-check
/** Money, times and durations as a reader writes them. Pure, given a locale. */

import { locale as own, say } from "./words.js";

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
export function money(minor, currency, locale = own) {
  const digits = decimals(currency);
  const how = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
  return kept(Intl.NumberFormat, locale, how).format(minor / 10 ** digits);
}

/**
 * An amount of minor units as a person types it: `3.50`, `3,50`.
 * @param {number} minor
 * @param {string} currency
 * @param {string} [locale] the reader's own if absent
 */
export function plainMoney(minor, currency, locale = own) {
  const digits = decimals(currency);
  return new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
    numberingSystem: "latn",
  }).format(minor / 10 ** digits);
}

// Thousands in groups, or none; then the decimals. A group is set off by one kind of mark throughout.
const AMOUNT = /^(\d*|\d{1,3}(?:([., '’\u00a0\u202f])\d{3})(?:\2\d{3})*)(?:([.,])(\d*))?$/;
const MOST_DIGITS = 9;

/**
 * The minor units that a person typed: with a point or a comma for the decimals, with thousands in groups, in the digits
 * of their script, with the sign of the currency or without. Null for anything else, and for what can be read in two
 * ways: 1.234 is a thousand to some and one to others.
 * @param {string} text
 * @param {string} currency
 * @param {string} [locale]
 * @returns {number | null}
 */
export function parseMoney(text, currency, locale = own) {
  const digits = decimals(currency);
  const bare = withoutSign(latinDigits(text), currency, locale);
  // Where a currency has no decimals, the last mark can only set off a group.
  const [, grouped = "", mark, point, fraction = ""] = AMOUNT.exec(digits === 0 ? `${bare},` : bare) ?? [];
  const whole = grouped.replace(/\D/g, "");
  if (!(whole + fraction) || whole.length > MOST_DIGITS || fraction.length > digits) return null;
  return mark && mark === point && digits > 0 ? null : Number(whole + fraction.padEnd(digits, "0"));
}

/** @param {string} text */
function latinDigits(text) {
  const latin = text.replace(/\p{Nd}/gu, (digit) => String(valueOf(digit)));
  return latin.replace(/٫/g, ".").replace(/٬/g, ",");
}

/** Scripts keep their ten digits side by side. @param {string} digit */
function valueOf(digit) {
  const code = digit.codePointAt(0) ?? 0;
  let value = 0;
  while (/\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1;
  return value % 10;
}

/** @param {string} text @param {string} currency @param {string} [locale] */
function withoutSign(text, currency, locale = own) {
  const signs = /** @type {const} */ (["symbol", "narrowSymbol", "code"]).flatMap((currencyDisplay) =>
    new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay }).formatToParts(1),
  );
  const bare = signs
    .filter(({ type }) => type === "currency")
    .reduce((rest, { value }) => rest.replace(value, "").replace(value.toLowerCase(), ""), text);
  return bare.replace(/\p{Cf}/gu, "").trim();
}

/**
 * The time of day: `09:15`.
 * @param {string} at
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function timeOfDay(at, locale = own, timeZone) {
  return kept(Intl.DateTimeFormat, locale, { hour: "2-digit", minute: "2-digit", timeZone }).format(new Date(at));
}

/**
 * The name of a day of the week: `Thursday`.
 * @param {string} day as in `2026-11-26`
 * @param {string} [locale]
 */
export function dayName(day, locale = own) {
  return kept(Intl.DateTimeFormat, locale, { weekday: "long", timeZone: "UTC" }).format(new Date(day));
}

/**
 * Day and time: `22 Nov 2026, 09:15`.
 * @param {string} at
 * @param {string} [locale]
 * @param {string} [timeZone]
 */
export function dayAndTime(at, locale = own, timeZone) {
  return kept(Intl.DateTimeFormat, locale, { dateStyle: "medium", timeStyle: "short", timeZone }).format(new Date(at));
}

/**
 * A day of the calendar: `Sunday 22 November`.
 * @param {string} day as `2026-11-22`
 * @param {string} [locale]
 */
export function dayOnly(day, locale = own) {
  return kept(Intl.DateTimeFormat, locale, { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));
}

/**
 * An hour of the day: `09`, `9 AM`.
 * @param {number} hour
 * @param {string} [locale]
 */
export function hourOfDay(hour, locale = own) {
  return kept(Intl.DateTimeFormat, locale, { hour: "numeric", timeZone: "UTC" }).format(hour * 3_600_000);
}

/**
 * The day of a time, or a day itself, as `Fri 27 Nov`; "" for today, which nobody has to be told.
 * @param {string} at
 * @param {string} [locale]
 * @param {Date} [now]
 */
export function dayIfOther(at, locale = own, now = new Date()) {
  // A day as it is, wherever its reader may be.
  const day = at.includes("T") ? new Date(at) : new Date(`${at}T00:00`);
  if (day.toDateString() === now.toDateString()) return "";
  return kept(Intl.DateTimeFormat, locale, { weekday: "short", day: "numeric", month: "short" }).format(day);
}

/**
 * A duration in its largest fitting unit: `4 s`, `12 min`, `3 h 5 min`.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return say("duration.seconds", { count: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return say("duration.minutes", { count: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return say("duration.hours", { count: hours, minutes: minutes % 60 });
  return say("duration.days", { count: Math.floor(hours / 24) });
}

/** @type {Map<string, any>} */
const formats = new Map();

/** To make one takes 50 µs, and a board of 200 cards would make some at each change.
 * @template {typeof Intl.NumberFormat | typeof Intl.DateTimeFormat} Kind
 * @param {Kind} Kind @param {string | undefined} locale @param {any} how @returns {InstanceType<Kind>} */
function kept(Kind, locale, how) {
  const key = [Kind.name, locale, ...Object.values(how)].join();
  if (!formats.has(key)) formats.set(key, new Kind(locale, how));
  return formats.get(key);
}
