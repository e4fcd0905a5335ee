// @ts-check
/** The facts of a shop, and whether it takes orders. */

import { path } from "./api.js";
import { byId, element, tell } from "./element.js";
import { field, onSubmit } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{api: import("./api.js").Api, shop: Shop, complain: (problem: unknown) => void,
 *   changed: (shop: Shop) => void}} Given */

const FACTS = /** @type {const} */ (["name", "slug", "description", "address", "phone", "email", "currency", "time_zone"]);
const LENGTHS = { name: 80, slug: 40, description: 1000, address: 200, phone: 40, email: 254, currency: 3, time_zone: 64 };
const REQUIRED = new Set(["name", "slug", "currency", "time_zone"]);

export class ShopPanel {
  #given;
  #shop;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    this.#shop = given.shop;
    byId("pause").addEventListener("click", () => this.#turn());
    this.#fillForm();
  }

  show() {
    const isPaused = this.#shop.ordering === "paused";
    byId("ordering").dataset.ordering = this.#shop.ordering;
    byId("ordering-word").textContent = say(isPaused ? "manage.paused" : "manage.open");
    byId("pause").textContent = say(isPaused ? "manage.resume" : "manage.pause");
    this.#given.changed(this.#shop);
  }

  async #turn() {
    this.#given.complain(null);
    const ordering = this.#shop.ordering === "paused" ? "open" : "paused";
    await this.#patch({ ordering }).catch(this.#given.complain);
  }

  #fillForm() {
    const form = byId("facts");
    const saved = element("p", { className: "saved", role: "status" });
    const fields = FACTS.map((name) =>
      field(name, { value: this.#shop[name] ?? "", maxLength: LENGTHS[name], required: REQUIRED.has(name), autocomplete: "off" }),
    );
    const submit = element("button", { type: "submit", className: "primary" }, say("manage.save"));
    form.append(...fields, element("div", { className: "buttons wide" }, submit, saved));
    form.addEventListener("input", () => tell(saved, ""));
    onSubmit(form, async (values) => {
      const changes = FACTS.filter((name) => values[name] !== (this.#shop[name] ?? ""));
      await this.#patch(Object.fromEntries(changes.map((name) => [name, values[name] || null])));
      tell(saved, say("manage.saved"));
    });
  }

  /** @param {object} body */
  async #patch(body) {
    this.#shop = await this.#given.api.call("PATCH", path`/v1/shops/${this.#shop.id}`, { body });
    this.show();
  }
}
