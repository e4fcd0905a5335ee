// @ts-check
/** What the pages say: texts by key, refusals in words, and the language of both. No other module holds sentences. */

/** @typedef {import("./api.js").Problem} Problem */
/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Text plural forms where it depends on a number */

/** The server has chosen it, from what this device was set to or its browser asks for. */
export const language = document.documentElement.lang || "en";

// What the server reads; see languages.py.
const COOKIE = "language";
const A_YEAR_S = 31_536_000;
// In the page itself, in its language: those that its modules name. See modules.py.
/** @type {Record<string, Text>} */
const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const hasLatinDigits = words["language.digits"] === "latn";

/** With the habits of the reader's country, where the browser names one for this language: `en-GB`, `de-CH`. */
export const locale = inDigits(navigator.languages.find((known) => known.split("-")[0] === language.split("-")[0]) ?? language);

/** @type {Intl.PluralRules | undefined} */
let plurals;
/** @type {Intl.NumberFormat | undefined} */
let counts;
const isPageRtl = words["language.direction"] === "rtl";
// The server's own explanations are in English; to others they say nothing.
const speaksEnglish = language.startsWith("en");
const RTL = /[\u0590-\u08ff\ufb1d-\ufefc]/;

/**
 * The text of a key, with its {places} filled. What is counted is given as `count`: it chooses the plural form and is
 * written with the reader's digits. All other numbers are names, as that of an order, and stay as they are.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  return textOf(key, Number(values.count)).replace(/\{(\w+)\}/g, (place, name) =>
    isolated(name === "count" ? digits(Number(values.count)) : String(values[name] ?? place)),
  );
}

/** @param {string} key @param {number} count */
function textOf(key, count) {
  const text = words[key] ?? key;
  if (typeof text === "string") return text;
  plurals ??= new Intl.PluralRules(locale);
  return text[plurals.select(count)] ?? text.other ?? key;
}

/** A language's own digits, where the browser would take others for it. @param {string} tag */
function inDigits(tag) {
  const numberingSystem = /** @type {string | undefined} */ (words["language.digits"]);
  return hasLatinDigits || !numberingSystem ? tag : new Intl.Locale(tag, { numberingSystem }).toString();
}

/** The first numbers of a page are small, and a browser takes 40 ms to load what it knows of numbers. @param {number} count */
function digits(count) {
  if (hasLatinDigits && Number.isInteger(count) && count >= 0 && count < 1000) return String(count);
  counts ??= new Intl.NumberFormat(locale);
  return counts.format(count);
}

/** A name that is written in the other direction must not turn the words around it. @param {string} value */
function isolated(value) {
  return isPageRtl || RTL.test(value) ? `\u2068${value}\u2069` : value;
}

/**
 * Why something was refused, for the person in front of the page.
 * @param {unknown} error
 * @returns {string}
 */
export function refusal(error) {
  const problem = /** @type {Problem} */ (error);
  if (problem.code === "out_of_stock") return named(problem, leftOver);
  if (problem.code === "item_unavailable") return named(problem, (item) => item.name ?? say("item.unknown"));
  if (problem.code === "invalid" && problem.content.errors?.length) return fields(problem.content.errors);
  const key = `refusal.${problem.code}`;
  if (key in words) return say(key);
  return (speaksEnglish && (problem.content?.detail ?? problem.content?.title)) || say("refusal.unknown");
}

/** @param {Problem} problem @param {(item: any) => string} describe */
function named(problem, describe) {
  const items = (problem.content.items ?? []).map(describe).join(", ");
  return say(`refusal.${problem.code}`, { items });
}

/** @param {{name: string | null, left: number}} item */
function leftOver({ name, left }) {
  return say(left > 0 ? "item.left" : "item.none_left", { name: name ?? say("item.unknown"), left });
}

/** @param {{pointer: string, detail: string, code?: string, limit?: number}[]} errors */
function fields(errors) {
  return errors.map((error) => `${fieldName(error.pointer)}: ${whyUnfit(error)}`).join(" · ");
}

/** What has no code was found out by this page, and says so in its language. @param {{pointer: string, detail: string, code?: string, limit?: number}} error */
function whyUnfit({ pointer, detail, code, limit }) {
  // Nobody counts money in minor units.
  const key = code === "too_large" && pointer.endsWith("_minor") ? "unfit.too_much" : `unfit.${code}`;
  if (key in words) return say(key, { count: limit ?? 0 });
  return !code || speaksEnglish ? detail : say("refusal.field");
}

/** @param {string} pointer */
function fieldName(pointer) {
  const name = pointer.split("/").filter(Boolean).at(-1) ?? "";
  const key = `field.${name}`;
  return key in words ? say(key) : name;
}

/** Let the switch at the foot of the page change the language of all pages on this device. */
export function followChoice() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => choose(/** @type {HTMLElement} */ (button).dataset.language ?? ""));
  }
}

/** @param {string} chosen */
function choose(chosen) {
  if (chosen === language) return;
  document.cookie = `${COOKIE}=${chosen}; path=/; max-age=${A_YEAR_S}; samesite=lax`;
  location.reload();
}
