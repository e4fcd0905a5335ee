// @ts-check
/** Putting something new on the menu: a name and a price will do. */

import { button, element } from "./element.js";
import { onSubmit, valuesOf } from "./form.js";
import { bodyOfItem, firstFields, furtherFields } from "./manage-item-form.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {{inventory: import("./inventory.js").Inventory, toast: import("./toast.js").Toast,
 *   currency: () => string, position: (category: string) => number, closed: () => void, opened: () => void}} Given */

export class AddForm {
  #given;
  element = element("form", { className: "form columns", data: { form: "item" } });
  /** @type {{values: string, known: Set<string>} | null} what was sent and not answered */
  #unanswered = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    const close = () => (this.#clear(), given.closed());
    this.element.append(
      ...firstFields(given.currency),
      element(
        "details",
        { className: "further wide" },
        element("summary", {}, say("manage.further")),
        element("div", { className: "form columns" }, ...furtherFields()),
      ),
      element(
        "div",
        { className: "buttons wide" },
        element("button", { type: "submit", className: "primary" }, say("manage.add")),
        button(say("manage.add_done"), close),
      ),
    );
    onSubmit(this.element, (values) => this.#add(values));
  }

  get isDirty() {
    return Object.values(valuesOf(this.element)).some((text) => text !== "");
  }

  focus() {
    this.element.querySelector("input")?.focus();
  }

  #clear() {
    this.element.reset();
    // What is shown of a price follows what is typed, and nothing was typed here.
    this.element.querySelector("[name=price_minor]")?.dispatchEvent(new Event("input"));
  }

  /** @param {Record<string, string>} values */
  async #add(values) {
    const { inventory, toast, opened, currency, position } = this.#given;
    const body = { ...bodyOfItem(values, currency()), position: position(values.category) };
    const made = await this.#addOnce(body, JSON.stringify(values));
    this.#clear();
    this.focus();
    const isFirst = inventory.items.length === 1;
    toast.say(say("manage.added", { name: made.name }), isFirst ? { act: say("link.board"), on: opened } : {});
  }

  /**
   * An answer can get lost on its way. Asked for the same again, it looks first whether the item is there by now.
   * @param {any} body @param {string} values
   * @returns {Promise<Item>}
   */
  async #addOnce(body, values) {
    const { inventory } = this.#given;
    let made;
    if (this.#unanswered?.values === values) made = await this.#found(body, this.#unanswered.known);
    else this.#unanswered = { values, known: new Set(inventory.items.map(({ id }) => id)) };
    try {
      made ??= await inventory.add(body);
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen) this.#unanswered = null;
      throw problem;
    }
    this.#unanswered = null;
    return made;
  }

  /** @param {any} body @param {Set<string>} known */
  async #found(body, known) {
    await this.#given.inventory.look();
    return this.#given.inventory.items.find(
      ({ id, name, price_minor }) => !known.has(id) && name === body.name && price_minor === body.price_minor,
    );
  }
}
