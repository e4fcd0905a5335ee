// @ts-check
/** The menu as its owner edits it: add, change, mark as sold out, take off. */

import { path } from "./api.js";
import { element, byId, showList, tell } from "./element.js";
import { field, onSubmit } from "./form.js";
import { money, parseMoney, plainMoney } from "./format.js";
import { Problem } from "./http.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {{api: import("./api.js").Api, shop: import("./store.js").Shop, isOwner: boolean,
 *   complain: (problem: unknown) => void}} Given */

export class ItemsPanel {
  #given;
  #currency;
  /** @type {Item[]} */
  #items = [];
  /** @type {string | null} the item that is being edited */
  #edited = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    this.#currency = given.shop.currency ?? "";
    if (given.isOwner) this.#fillAddForm();
  }

  async load() {
    this.#items = (await this.#given.api.get(path`/v1/shops/${this.#given.shop.id}/items`)).data;
    this.#show();
  }

  #show() {
    tell(byId("no-items"), this.#items.length === 0 ? say("manage.no_items") : "");
    showList(byId("items"), this.#items, {
      key: (item) => item.id,
      mark: (item) => JSON.stringify([item, this.#edited === item.id]),
      make: (item) => (this.#edited === item.id ? this.#editor(item) : this.#row(item)),
    });
  }

  /** @param {Item} item */
  #row(item) {
    const sell = () => this.#change(item, { available: !item.available });
    const buttons = [button("sell", say(item.available ? "manage.sold_out" : "manage.back"), sell)];
    if (this.#given.isOwner) buttons.push(button("edit", say("manage.edit"), () => this.#edit(item.id)));
    return element(
      "li",
      { className: "item", data: { item: item.id, soldOut: String(item.sold_out) } },
      element(
        "div",
        { className: "item-words" },
        element("h3", { dir: "auto" }, item.name),
        element("p", { dir: "auto" }, [item.category, stockWords(item)].filter(Boolean).join(" · ")),
      ),
      element("span", { className: "amount" }, money(item.price_minor, this.#currency)),
      element("div", { className: "buttons" }, ...buttons),
    );
  }

  /** @param {Item} item */
  #editor(item) {
    const form = element(
      "form",
      { className: "form columns" },
      ...itemFields(this.#currency, item),
      element(
        "div",
        { className: "buttons wide" },
        element("button", { type: "submit", className: "primary" }, say("manage.save")),
        button("close", say("manage.close"), () => this.#edit(null)),
        button("archive", say("manage.archive"), () => this.#archive(item), "danger"),
      ),
    );
    onSubmit(form, async (values) => {
      await this.#patch(item, itemBody(values, this.#currency));
      this.#edited = null;
      await this.load();
    });
    return element("li", { className: "item editor", data: { item: item.id } }, form);
  }

  /** @param {string | null} id */
  #edit(id) {
    this.#edited = id;
    this.#show();
    byId("items").querySelector("form input")?.focus();
  }

  #fillAddForm() {
    const form = byId("add-item");
    form.append(
      ...itemFields(this.#currency),
      element("div", { className: "buttons wide" }, element("button", { type: "submit", className: "primary" }, say("manage.add"))),
    );
    onSubmit(form, async (values) => {
      const last = Math.max(-1, ...this.#items.map((item) => item.position));
      const body = { ...itemBody(values, this.#currency), position: values.position ? Number(values.position) : last + 1 };
      await this.#given.api.call("POST", path`/v1/shops/${this.#given.shop.id}/items`, { body });
      form.reset();
      form.elements.namedItem("name").focus();
      await this.load();
    });
  }

  /** @param {Item} item @param {object} body */
  #patch(item, body) {
    const headers = { "If-Match": `"${item.version}"` };
    return this.#given.api.call("PATCH", path`/v1/shops/${this.#given.shop.id}/items/${item.id}`, { body, headers });
  }

  /** @param {Item} item @param {object} body */
  async #change(item, body) {
    this.#given.complain(null);
    await this.#patch(item, body).catch(this.#given.complain);
    await this.load().catch(this.#given.complain);
  }

  /** @param {Item} item */
  async #archive(item) {
    if (!(await isSure(say("manage.archive_question", { name: item.name }), say("manage.archive")))) return;
    const at = path`/v1/shops/${this.#given.shop.id}/items/${item.id}`;
    await this.#given.api.call("DELETE", at).catch(this.#given.complain);
    this.#edited = null;
    await this.load().catch(this.#given.complain);
  }
}

/** @param {string} currency @param {Item} [item] */
function itemFields(currency, item) {
  const price = item ? plainMoney(item.price_minor, currency) : "";
  const number = { inputMode: "numeric", pattern: "[0-9]*", maxLength: 7, autocomplete: "off" };
  return [
    field("name", { required: true, maxLength: 80, value: item?.name ?? "", autocomplete: "off" }),
    field("price_minor", { label: `${say("field.price_minor")} (${currency})`, required: true, inputMode: "decimal", value: price, autocomplete: "off" }),
    field("category", { maxLength: 60, value: item?.category ?? "", autocomplete: "off" }),
    field("stock", { ...number, value: String(item?.stock ?? ""), placeholder: say("manage.unlimited") }),
    field("description", { maxLength: 1000, value: item?.description ?? "", autocomplete: "off" }),
    field("position", { ...number, value: String(item?.position ?? "") }),
  ];
}

/** @param {Record<string, string>} values @param {string} currency */
function itemBody({ name, description, category, price_minor, stock, position }, currency) {
  const price = parseMoney(price_minor, currency);
  if (price === null) {
    throw new Problem("bad_price", 0, { detail: say("manage.bad_price", { example: plainMoney(350, currency) }) });
  }
  return {
    name,
    description: description || null,
    category: category || null,
    price_minor: price,
    stock: stock === "" ? null : Number(stock),
    ...(position === "" ? {} : { position: Number(position) }),
  };
}

/** @param {Item} item */
function stockWords({ available, stock }) {
  if (!available) return say("manage.is_sold_out");
  if (stock === 0) return say("manage.none_in_stock");
  return stock === null || stock === undefined ? "" : say("manage.stock", { stock });
}

/** @param {string} question @param {string} yes @returns {Promise<boolean>} */
function isSure(question, yes) {
  return new Promise((resolve) => {
    const dialog = element(
      "dialog",
      { className: "dialog", on: { close: () => (dialog.remove(), resolve(dialog.returnValue === "yes")) } },
      element("p", {}, question),
      element(
        "div",
        { className: "buttons" },
        button("no", say("account.close"), () => dialog.close()),
        button("yes", yes, () => dialog.close("yes"), "primary danger"),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** @param {string} act @param {string} text @param {() => void} click @param {string} [className] */
function button(act, text, click, className = "") {
  return element("button", { type: "button", className, data: { act, focus: act }, on: { click } }, text);
}
