// @ts-check
/** Who works at a shop. */

import { path } from "./api.js";
import { byId, element } from "./element.js";
import { field, onSubmit } from "./form.js";
import { say } from "./words.js";

/** @typedef {{user_id: string, name: string, email: string}} Member */
/** @typedef {{api: import("./api.js").Api, shop: import("./store.js").Shop,
 *   complain: (problem: unknown) => void}} Given */

export class StaffPanel {
  #given;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    const form = byId("add-staff");
    form.append(
      field("email", { type: "email", required: true, maxLength: 254, autocomplete: "off" }),
      element("div", { className: "buttons wide" }, element("button", { type: "submit", className: "primary" }, say("manage.staff_add"))),
    );
    onSubmit(form, async ({ email }) => {
      await given.api.call("POST", path`/v1/shops/${given.shop.id}/staff`, { body: { email } });
      form.reset();
      await this.load();
    });
  }

  async load() {
    const { data } = await this.#given.api.get(path`/v1/shops/${this.#given.shop.id}/staff?limit=100`);
    byId("staff").replaceChildren(...data.map((/** @type {Member} */ member, /** @type {number} */ index) => this.#row(member, index === 0)));
  }

  /** @param {Member} member @param {boolean} isOwner */
  #row(member, isOwner) {
    const remove = async () => {
      const at = path`/v1/shops/${this.#given.shop.id}/staff/${member.user_id}`;
      await this.#given.api.call("DELETE", at).catch(this.#given.complain);
      await this.load().catch(this.#given.complain);
    };
    return element(
      "li",
      { className: "member" },
      element("span", {}, element("strong", { dir: "auto" }, member.name), element("br"), member.email),
      isOwner
        ? element("span", { className: "hint" }, say("manage.staff_owner"))
        : element("button", { type: "button", className: "quiet danger", on: { click: remove } }, say("manage.staff_remove")),
    );
  }
}
