// @ts-check
/** One item of the menu being edited, by its owner, while others may change it or sell it. */

import { isSure } from "./dialog.js";
import { DraftForm } from "./draft-form.js";
import { button, element, tell } from "./element.js";
import { onSubmit } from "./form.js";
import { bodyOfItem, firstFields, furtherFields, normalOf, shownOf, valuesOfItem } from "./manage-item-form.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {{inventory: import("./inventory.js").Inventory, currency: () => string, toast: import("./toast.js").Toast,
 *   closed: (id: string) => void}} Given */

export class ItemEditor {
  #given;
  #item;
  #draft;
  #gone = element("p", { className: "complaint", role: "status", hidden: true });
  #form;
  element;

  /** @param {Item} item @param {Given} given */
  constructor(item, given) {
    this.#given = given;
    this.#item = item;
    this.#form = element("form", { className: "form columns" }, ...firstFields(given.currency), ...furtherFields());
    const how = { normal: normalOf(given.currency()), shown: shownOf(given.currency()) };
    this.#draft = new DraftForm(this.#form, this.#values(), how);
    this.#draft.settle(this.#values());
    this.#form.append(this.#gone, this.#buttons());
    onSubmit(this.#form, () => this.#save());
    const keydown = (/** @type {KeyboardEvent} */ { key }) => key === "Escape" && !this.isDirty && given.closed(item.id);
    this.element = element("li", { className: "item editor", data: { item: item.id }, on: { keydown } }, this.#form);
  }

  /** Whether something was typed that is not saved yet. */
  get isDirty() {
    return this.#draft.isDirty;
  }

  /** Take in the item as it is now; what was typed stays. @param {Item} item */
  update(item) {
    this.#item = item;
    this.#draft.update(this.#values());
    tell(this.#gone, item.archived ? say("manage.gone") : "");
  }

  focus() {
    this.#form.querySelector("input")?.focus();
  }

  #values() {
    return valuesOfItem(this.#item, this.#given.currency());
  }

  #buttons() {
    const save = element("button", { type: "submit", className: "primary" }, say("manage.save"));
    const close = button(say("manage.close"), () => this.#given.closed(this.#item.id));
    const archive = button(say("manage.archive"), () => this.#archive(), "danger");
    return element("div", { className: "buttons wide" }, save, close, archive);
  }

  async #save() {
    const saved = this.#item.archived ? await this.#addAgain() : await this.#change();
    this.#given.toast.say(say("manage.saved_item", { name: (saved ?? this.#item).name }));
    this.#given.closed(this.#item.id);
  }

  #change() {
    const { inventory, currency } = this.#given;
    return this.#draft.save(
      (changes) => inventory.change(this.#item.id, bodyOfItem(changes, currency()), this.#item.version),
      () => this.#look(),
    );
  }

  /** Somebody took it off the menu while it was edited: what was typed becomes an item of its own. */
  #addAgain() {
    const { inventory, currency } = this.#given;
    return inventory.add(bodyOfItem({ ...this.#values(), ...this.#draft.changes() }, currency()));
  }

  async #look() {
    await this.#given.inventory.look();
    const now = this.#given.inventory.item(this.#item.id);
    if (now) this.update(now);
  }

  async #archive() {
    const { inventory, toast, closed } = this.#given;
    const { id, name } = this.#item;
    if (!(await isSure(say("manage.archive_question", { name }), say("manage.archive")))) return;
    try {
      await inventory.archive(id);
      toast.say(say("manage.archived", { name }));
      closed(id);
    } catch (problem) {
      toast.refuse(problem);
    }
  }
}
