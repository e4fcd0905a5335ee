// @ts-check
/** The facts of a shop, as its owner keeps them. */

import { path } from "./api.js";
import { currencyOptions } from "./currencies.js";
import { DraftForm } from "./draft-form.js";
import { byId, element } from "./element.js";
import { field, onSubmit, selection, toggle } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{api: import("./api.js").Api, live: import("./live.js").Live, toast: import("./toast.js").Toast}} Given */

const ZONES = "zones";
const MINUTES = ["warm_minutes", "hot_minutes"];
const SLUG = "[a-z0-9]+(-[a-z0-9]+)*";

export class ShopPanel {
  #given;
  #form = byId("facts");
  /** @type {DraftForm | null} */
  #draft = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    onSubmit(this.#form, () => this.#save());
  }

  get isDirty() {
    return this.#draft?.isDirty ?? false;
  }

  /** @param {Shop} shop */
  show(shop) {
    if (this.#draft) this.#draft.update(valuesOf(shop));
    else this.#fillForm(shop);
  }

  /** @param {Shop} shop */
  #fillForm(shop) {
    const zones = Intl.supportedValuesOf("timeZone").map((value) => element("option", { value }));
    const text = { autocomplete: "off" };
    this.#form.prepend(
      field("name", { ...text, required: true, maxLength: 80 }),
      field("slug", { ...text, required: true, minLength: 3, maxLength: 40, pattern: SLUG, hint: say("manage.slug_hint") }),
      field("description", { as: "textarea", maxLength: 1000, rows: 2 }),
      field("address", { ...text, maxLength: 200 }),
      field("phone", { ...text, type: "tel", maxLength: 40 }),
      field("email", { ...text, type: "email", maxLength: 254, hint: say("manage.email_hint") }),
      selection("currency", currencyOptions(shop.currency), { required: true }),
      field("time_zone", { ...text, required: true, maxLength: 64, list: ZONES }),
      ...MINUTES.map((name) => field(name, { ...text, type: "number", required: true, min: "1", max: "1440", hint: say(`manage.${name}_hint`) })),
      toggle("listed", say("manage.listed_hint"), true),
      element("datalist", { id: ZONES }, ...zones),
      element("div", { className: "buttons wide" }, element("button", { type: "submit", className: "primary" }, say("manage.save"))),
    );
    this.#draft = new DraftForm(this.#form, valuesOf(shop), { shown });
    this.#draft.settle(valuesOf(shop));
  }

  async #save() {
    const saved = await this.#draft?.save(
      (changes) => this.#patch(bodyOf(changes)),
      async () => {
        this.#given.live.merge("shop", await this.#given.api.get(path`/v1/shops/${this.#shop.id}`));
        this.#draft?.update(valuesOf(this.#shop));
      },
    );
    this.#draft?.settle(valuesOf(this.#shop));
    this.#given.toast.say(say(saved ? "manage.saved" : "manage.unchanged"));
  }

  /** @returns {Shop} */
  get #shop() {
    const { shop } = this.#given.live.state;
    if (!shop) throw new Error("Nothing is shown before the shop is known");
    return shop;
  }

  /** @param {object} body */
  async #patch(body) {
    const headers = { "If-Match": `"${this.#shop.version}"` };
    const shop = await this.#given.api.call("PATCH", path`/v1/shops/${this.#shop.id}`, { body, headers });
    this.#given.live.merge("shop", shop);
    return shop;
  }
}

/** @param {Shop} shop */
function valuesOf(shop) {
  return {
    name: shop.name,
    slug: shop.slug,
    description: shop.description ?? "",
    address: shop.address ?? "",
    phone: shop.phone ?? "",
    email: shop.email ?? "",
    currency: shop.currency ?? "",
    time_zone: shop.time_zone ?? "",
    warm_minutes: String(shop.warm_minutes ?? ""),
    hot_minutes: String(shop.hot_minutes ?? ""),
    listed: shop.listed ? "yes" : "",
  };
}

/** @param {Record<string, string>} changes */
function bodyOf(changes) {
  return Object.fromEntries(Object.entries(changes).map(([name, text]) => [name, valueOf(name, text)]));
}

/** @param {string} name @param {string} text */
function valueOf(name, text) {
  if (name === "listed") return text !== "";
  return MINUTES.includes(name) ? Number(text) : text || null;
}

/** @param {string} name @param {string} text */
function shown(name, text) {
  return name === "listed" ? say(text ? "manage.yes" : "manage.no") : text;
}
