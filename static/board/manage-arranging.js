// @ts-check
/** The order of the menu as its owner moves it: shown at once, sent by few changes, kept apart from what others move. */

import { asRead, changes, moved, positionOfNew } from "./arrangement.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./arrangement.js").ItemWish} ItemWish */
/** @typedef {import("./arrangement.js").GroupWish} GroupWish */
/** @typedef {{inventory: import("./inventory.js").Inventory, toast: import("./toast.js").Toast}} Given */

const TRIES = 8;

export class Arranging {
  #given;
  #changed;
  /** @type {(ItemWish | GroupWish)[]} what was moved and is not confirmed; the first is under way */
  #wishes = [];

  /** @param {Given} given @param {() => void} changed called whenever the order is another */
  constructor(given, changed) {
    this.#given = given;
    this.#changed = changed;
  }

  /** The items as they are read once all that was moved is confirmed. @returns {Item[]} */
  get items() {
    return this.#wishes.reduce(moved, asRead(this.#given.inventory.items));
  }

  /** Where something new of a category goes. @param {string} category */
  positionOfNew(category) {
    return positionOfNew(this.#given.inventory.items, category);
  }

  /** @param {ItemWish | GroupWish} wish */
  async move(wish) {
    const isUnderWay = this.#wishes.length > 0;
    // Of several steps of one item, made faster than they are sent, only the last one counts.
    const others = this.#wishes.filter((other, index) => index === 0 || keyOf(other) !== keyOf(wish));
    this.#wishes = [...others, wish];
    this.#changed();
    if (!isUnderWay) await this.#sendAll();
  }

  async #sendAll() {
    const { toast } = this.#given;
    while (this.#wishes.length > 0) {
      const [wish] = this.#wishes;
      try {
        await this.#send(wish);
        this.#wishes.shift();
      } catch (problem) {
        this.#wishes = [];
        toast.refuse(problem, say("manage.order_stays"), { act: say("manage.again"), on: () => this.move(wish) });
      }
      this.#changed();
    }
  }

  /** Each change is of the version that it was planned for: if somebody else was faster, it is planned anew from theirs.
   * @param {ItemWish | GroupWish} wish */
  async #send(wish) {
    const { inventory } = this.#given;
    for (let tries = 1; ; tries += 1) {
      try {
        for (const { id, position } of changes(moved(asRead(inventory.items), wish))) {
          await inventory.change(id, { position }, inventory.item(id)?.version);
        }
        return;
      } catch (/** @type {any} */ problem) {
        const isOvertaken = problem.code === "version_mismatch" || problem.status === 404;
        if (!isOvertaken || tries === TRIES) throw problem;
        await inventory.look();
      }
    }
  }
}

/** @param {ItemWish | GroupWish} wish */
function keyOf(wish) {
  return "category" in wish ? `category ${wish.category}` : wish.id;
}
