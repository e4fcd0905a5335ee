// @ts-check
/** A form on something that others change as well: nothing that was typed is lost, and nothing of theirs unseen. */

import { Draft } from "./draft.js";
import { element } from "./element.js";
import { valuesOf } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./draft.js").Values} Values */

const TRIES = 3;

export class DraftForm {
  #form;
  #normal;
  #shown;
  #draft;
  #news = element("ul", { className: "meanwhile", role: "status" });
  /** @type {Set<string>} what was saved by others where something else was typed, since the last try to save */
  #contested = new Set();

  /**
   * @param {HTMLFormElement} form
   * @param {Values} values as the server has them
   * @param {object} [how]
   * @param {(name: string, text: string) => string} [how.normal] one form for all texts that mean the same
   * @param {(name: string, text: string) => string} [how.shown] a value for a reader
   */
  constructor(form, values, { normal = (_, text) => text, shown = (_, text) => text } = {}) {
    this.#form = form;
    this.#normal = normal;
    this.#shown = shown;
    this.#draft = new Draft(values, normal);
    form.append(this.#news);
  }

  /** @returns {Values} what was typed that the server does not have */
  changes() {
    return this.#draft.changes(this.#typed());
  }

  get isDirty() {
    return Object.keys(this.changes()).length > 0;
  }

  /** Take in what the server has now. @param {Values} values */
  update(values) {
    const { taken, contested } = this.#draft.rebase(values, this.#typed());
    for (const [name, value] of Object.entries(taken)) {
      this.#put(name, value);
      this.#tell(name, "meanwhile.taken", value);
    }
    for (const [name, value] of Object.entries(contested)) {
      this.#contested.add(name);
      this.#tell(name, "meanwhile.contested", value, () => this.#put(name, value));
    }
  }

  /** Begin anew: what the form shows is what the server has. @param {Values} values */
  settle(values) {
    this.#draft = new Draft(values, this.#normal);
    for (const [name, value] of Object.entries(values)) this.#put(name, value);
    this.#news.replaceChildren();
  }

  /**
   * Save what was changed. Where somebody else was faster, look at theirs first; it goes on by itself if they changed
   * other fields.
   * @template T
   * @param {(changes: Values) => Promise<T>} send
   * @param {() => Promise<void>} look brings the values of the server up to date, by `update`
   * @returns {Promise<T | null>} the answer, null if there was nothing to save
   */
  async save(send, look) {
    for (let tries = 1; ; tries += 1) {
      const changes = this.changes();
      if (Object.keys(changes).length === 0) return null;
      this.#contested.clear();
      try {
        return await send(changes);
      } catch (/** @type {any} */ problem) {
        if (problem.code !== "version_mismatch" || tries === TRIES) throw problem;
        await look();
        if (this.#contested.size > 0) throw problem;
      }
    }
  }

  #typed() {
    const boxes = [...this.#form.querySelectorAll("input[type=checkbox]")].map((box) => [/** @type {any} */ (box).name, ""]);
    return { ...Object.fromEntries(boxes), ...valuesOf(this.#form) };
  }

  /** @param {string} name @param {string} value */
  #put(name, value) {
    const input = /** @type {any} */ (this.#form.elements.namedItem(name));
    if (input?.type === "checkbox") input.checked = value !== "";
    else if (input) input.value = value;
    input?.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {string} name @param {string} key @param {string} value @param {() => void} [take] */
  #tell(name, key, value, take) {
    const told = { field: say(`field.${name}`), value: this.#shown(name, value) || say("meanwhile.nothing") };
    const line = element("li", { data: { field: name } }, element("span", {}, say(key, told)));
    const click = () => (take?.(), line.remove());
    if (take) line.append(element("button", { type: "button", on: { click } }, say("meanwhile.take")));
    this.#news.querySelector(`[data-field="${name}"]`)?.remove();
    this.#news.append(line);
  }
}
