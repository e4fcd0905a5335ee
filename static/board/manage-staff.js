// @ts-check
/** Who works at a shop. */

import { path } from "./api.js";
import { button, byId, element } from "./element.js";
import { field, onSubmit } from "./form.js";
import { say } from "./words.js";

/** @typedef {{user_id: string, name: string, email: string}} Member */
/** @typedef {{api: import("./api.js").Api, shop: string, toast: import("./toast.js").Toast}} Given */

export class StaffPanel {
  #given;
  #form = byId("add-staff");

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    this.#form.append(
      field("email", { type: "email", required: true, maxLength: 254, autocomplete: "off", hint: say("manage.staff_hint") }),
      element("div", { className: "buttons wide" }, element("button", { type: "submit", className: "primary" }, say("manage.staff_add"))),
    );
    onSubmit(this.#form, ({ email }) => this.#add(email));
  }

  get isDirty() {
    return this.#form.elements.namedItem("email").value !== "";
  }

  async load() {
    /** @type {Member[]} */
    const members = [];
    /** @type {string | null} */
    let cursor = "";
    do {
      const page = await this.#given.api.get(path`/v1/shops/${this.#given.shop}/staff?limit=100` + (cursor && path`&cursor=${cursor}`));
      members.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor);
    byId("staff").replaceChildren(...members.map((member, index) => this.#row(member, index === 0)));
  }

  /** @param {string} email */
  async #add(email) {
    const before = byId("staff").children.length;
    const { name } = await this.#invite(email);
    this.#form.reset();
    const isNew = byId("staff").children.length > before;
    this.#given.toast.say(say(isNew ? "manage.staff_added" : "manage.staff_already", { name }));
  }

  /** @param {string} email @returns {Promise<Member>} */
  async #invite(email) {
    const member = await this.#given.api.call("POST", path`/v1/shops/${this.#given.shop}/staff`, { body: { email } });
    await this.load();
    return member;
  }

  /** @param {Member} member @param {boolean} isOwner */
  #row(member, isOwner) {
    const remove = button(say("manage.staff_remove"), () => this.#remove(member), "quiet danger");
    remove.setAttribute("aria-label", say("manage.staff_remove_name", { name: member.name }));
    // Where there is no room for all of it, an address is broken before its domain.
    const at = member.email.indexOf("@");
    const email = [member.email.slice(0, at), element("wbr"), member.email.slice(at)];
    return element(
      "li",
      { className: "member" },
      element("span", {}, element("strong", { dir: "auto" }, member.name), element("br"), ...email),
      isOwner ? element("span", { className: "hint" }, say("manage.staff_owner")) : remove,
    );
  }

  /** Done at once; their e-mail address is all that it takes to undo it. @param {Member} member */
  async #remove({ user_id: id, name, email }) {
    const { api, shop, toast } = this.#given;
    const undo = () => this.#invite(email).catch((problem) => toast.refuse(problem));
    try {
      await api.call("DELETE", path`/v1/shops/${shop}/staff/${id}`);
      toast.say(say("manage.staff_removed", { name }), { act: say("manage.staff_undo"), on: undo });
    } catch (/** @type {any} */ problem) {
      if (problem.status !== 404) toast.refuse(problem);
    }
    await this.load().catch((problem) => toast.refuse(problem));
  }
}
