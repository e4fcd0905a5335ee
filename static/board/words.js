// @ts-check
/** What the pages say: texts by key from a catalogue, and refusals in words. No other module holds sentences. */

import { english } from "./words-en.js";

/** @typedef {import("./http.js").Problem} Problem */

const catalogue = english;

/**
 * The text of a key, with its {places} filled.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  const text = /** @type {Record<string, string>} */ (catalogue)[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => isolated(String(values[name] ?? place)));
}

/** A name that is written from right to left must not turn the words around it. @param {string} value */
function isolated(value) {
  return /[\u0590-\u08ff\ufb1d-\ufefc]/.test(value) ? `\u2068${value}\u2069` : value;
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
  if (key in catalogue) return say(key);
  return problem.content?.detail ?? problem.content?.title ?? say("refusal.unknown");
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

/** @param {{pointer: string, detail: string}[]} errors */
function fields(errors) {
  return errors.map(({ pointer, detail }) => `${fieldName(pointer)}: ${detail}`).join(" · ");
}

/** @param {string} pointer */
function fieldName(pointer) {
  const name = pointer.split("/").filter(Boolean).at(-1) ?? "";
  const key = `field.${name}`;
  return key in catalogue ? say(key) : name;
}
