// @ts-check
/** What the pages say: texts by key from a catalogue, and refusals in words. No other module holds sentences. */

import { language, locale } from "./language.js";

/** @typedef {import("./http.js").Problem} Problem */
/** @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Text plural forms where it depends on a number */

// Only the one that is needed; the page has asked for it already (a modulepreload link), so that nothing waits here.
/** @type {{words: Record<string, Text>}} */
const { words } = await import(`./words-${language}.js`);
const plurals = new Intl.PluralRules(locale);
const counts = new Intl.NumberFormat(locale);
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
    isolated(name === "count" ? counts.format(Number(values.count)) : String(values[name] ?? place)),
  );
}

/** @param {string} key @param {number} count */
function textOf(key, count) {
  const text = words[key] ?? key;
  return typeof text === "string" ? text : (text[plurals.select(count)] ?? text.other ?? key);
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
