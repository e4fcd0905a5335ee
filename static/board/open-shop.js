// @ts-check
/** Opening a shop: one form, which makes the owner's account on the way where there is none yet. */

import { newAccountFields } from "./account.js";
import { Problem } from "./api.js";
import { currencyOptions, likelyCurrency } from "./currencies.js";
import { element } from "./element.js";
import { field, onSubmit, selection } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./session.js").Session} Session */
/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./store.js").Shop} Shop */

/**
 * @param {Session} session
 * @param {Api} api
 * @param {(shop: Shop) => void} opened
 */
export function openShopForm(session, api, opened) {
  const account = session.user ? null : element("fieldset", { className: "bare" }, ...newAccountFields());
  const guessed = element("summary", {});
  const form = element(
    "form",
    { className: "form", data: { form: "shop" } },
    field("shop_name", { required: true, maxLength: 80, autocomplete: "organization" }),
    account,
    element("details", { className: "further" }, guessed, ...guessedFields()),
    element("button", { type: "submit", className: "primary" }, say("home.create")),
  );
  const tellGuess = () => (guessed.textContent = guess(form));
  form.addEventListener("change", tellGuess);
  tellGuess();
  let mayBeThere = false;
  onSubmit(form, async (values) => {
    if (account && !session.user) await signUp(session, values);
    // What was made stays made if the rest fails; nobody is asked for it twice.
    if (account) account.hidden = account.disabled = true;
    try {
      const shop = (mayBeThere && (await found(api, values.shop_name))) || (await create(api, values));
      opened(shop);
    } catch (/** @type {any} */ problem) {
      mayBeThere = problem.isOpen;
      throw problem;
    }
  });
  return form;
}

/** The currency of where this is read. */
export function placeCurrency() {
  return likelyCurrency(placeZone(), navigator.language);
}

function placeZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** What is taken for granted unless somebody says otherwise. @param {HTMLFormElement} form */
function guess(form) {
  const { currency, time_zone: zone } = Object.fromEntries(new FormData(form));
  const label = form.querySelector("[name=currency] :checked")?.textContent ?? String(currency);
  return say("home.guessed", { currency: label, place: String(zone).split("/").at(-1)?.replaceAll("_", " ") ?? "" });
}

/** What the browser knows of where the shop is likely to be, and may be wrong in. */
function guessedFields() {
  const zones = Intl.supportedValuesOf("timeZone").map((value) => element("option", { value }));
  return [
    selection("currency", currencyOptions(), { value: placeCurrency(), required: true }),
    field("address", { maxLength: 200, autocomplete: "street-address" }),
    field("time_zone", { required: true, value: placeZone(), autocomplete: "off", list: "zones" }),
    element("datalist", { id: "zones" }, ...zones),
  ];
}

/**
 * Make an account that may open shops, or sign in to it: an answer that got lost has made it all the same.
 * @param {Session} session
 * @param {Record<string, string>} values
 */
async function signUp(session, { name, email, password }) {
  try {
    await session.register({ name, email, password, role: "shop_owner" });
  } catch (/** @type {any} */ problem) {
    if (problem.code !== "email_taken") throw problem;
    await session.signIn(email, password).catch((/** @type {any} */ refused) => {
      throw refused.isOpen ? refused : problem;
    });
  }
  if (session.user?.role === "shop_owner") return;
  await session.signOut();
  throw new Problem("not_an_owner", 403);
}

/** @param {Api} api @param {Record<string, string>} values @returns {Promise<Shop>} */
function create(api, { shop_name: name, address, currency, time_zone }) {
  return api.call("POST", "/v1/shops", { body: { name, address: address || null, currency, time_zone } });
}

/** The shop, if a request whose answer got lost has made it. @param {Api} api @param {string} name */
async function found(api, name) {
  const { data } = await api.get("/v1/me/shops?limit=100");
  return data.find((/** @type {Shop & {role: string}} */ shop) => shop.name === name && shop.role === "owner");
}
