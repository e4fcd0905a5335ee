// @ts-check
/** An item as the fields of a form, and what was typed there as the API takes it. */

import { Problem } from "./api.js";
import { field } from "./form.js";
import { money, parseMoney, plainMoney } from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./draft.js").Values} Values */

const NUMBER = { inputMode: "numeric", pattern: "[0-9]*", maxLength: 7, autocomplete: "off" };
const HTTPS = "[hH][tT][tT][pP][sS]://\\S+";
const EXAMPLE_MINOR = 350;
const CATEGORIES = "categories";

/** Name and price, which every item needs. @param {() => string} currency */
export function firstFields(currency) {
  return [field("name", { required: true, maxLength: 80, autocomplete: "off" }), priceField(currency)];
}

/** What an item may have besides. */
export function furtherFields() {
  return [
    field("category", { maxLength: 60, autocomplete: "off", list: CATEGORIES, hint: say("manage.category_hint") }),
    field("stock", { ...NUMBER, placeholder: say("manage.no_limit") }),
    field("photo_url", { type: "url", pattern: HTTPS, maxLength: 500, autocomplete: "off", hint: say("manage.photo_hint") }),
    field("description", { as: "textarea", maxLength: 1000, rows: 2 }),
  ];
}

/** @param {Item} item @param {string} currency @returns {Values} */
export function valuesOfItem(item, currency) {
  return {
    name: item.name,
    price_minor: plainMoney(item.price_minor, currency),
    category: item.category ?? "",
    stock: textOf(item.stock),
    photo_url: item.photo_url ?? "",
    description: item.description ?? "",
  };
}

/** One form for all texts that mean the same. @param {string} currency */
export function normalOf(currency) {
  return (/** @type {string} */ name, /** @type {string} */ text) =>
    name === "price_minor" ? textOf(parseMoney(text, currency)) || text : text.replace(/\r\n/g, "\n");
}

/** A value for a reader. @param {string} currency */
export function shownOf(currency) {
  return (/** @type {string} */ name, /** @type {string} */ text) => {
    const minor = name === "price_minor" ? parseMoney(text, currency) : null;
    return minor === null ? text : money(minor, currency);
  };
}

/**
 * What was typed, as the API takes it.
 * @param {Values} values @param {string} currency
 * @throws {Problem} a price that is none
 */
export function bodyOfItem(values, currency) {
  const body = Object.entries(values).map(([name, text]) => [name, name === "price_minor" ? price(text, currency) : valueOf(name, text)]);
  return Object.fromEntries(body);
}

/** @param {() => string} currency */
function priceField(currency) {
  const made = field("price_minor", { required: true, inputMode: "decimal", maxLength: 30, autocomplete: "off", hint: currency() });
  const [input, hint] = /** @type {[HTMLInputElement, HTMLElement]} */ ([...made.querySelectorAll("input, small")]);
  // What is typed is shown as it will stand on the menu.
  const show = () => {
    const minor = parseMoney(input.value, currency());
    hint.textContent = minor === null ? currency() : money(minor, currency());
  };
  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  return made;
}

/** @param {string} text @param {string} currency */
function price(text, currency) {
  const minor = parseMoney(text, currency);
  if (minor !== null) return minor;
  const detail = say("manage.bad_price", { example: plainMoney(EXAMPLE_MINOR, currency) });
  throw new Problem("invalid", 422, { errors: [{ pointer: "/price_minor", detail }] });
}

/** @param {string} name @param {string} text */
function valueOf(name, text) {
  if (name === "stock") return text === "" ? null : Number(text);
  return text || null;
}

/** @param {number | null | undefined} number */
function textOf(number) {
  return number === null || number === undefined ? "" : String(number);
}
