// @ts-check
/** A shop's items with their stock. The live menu tells of items; the stock only its staff learn, by asking. */

import { path } from "./api.js";
import { whenIdle } from "./later.js";
import { soldItems } from "./store.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./live.js").Live} Live */

// Many changes at once, as from a program that fills the menu, are looked up together.
const GATHER_MS = 500;

export class Inventory {
  #api;
  #shop;
  #live;
  #head = 0;
  /** @type {Map<string, number | null>} */
  #stock = new Map();
  #isWanted = false;
  /** Whether a snapshot has come that tells of other items than were looked up, or may. */
  #isBehind = false;
  /** @type {Promise<void> | null} */
  #looking = null;

  /** @param {import("./api.js").Api} api @param {string} shop its id @param {Live} live */
  constructor(api, shop, live) {
    this.#api = api;
    this.#shop = shop;
    this.#live = live;
  }

  /** All that is on the menu, in its order. @returns {Item[]} */
  get items() {
    return soldItems(this.#live.state).map((item) => this.#stocked(item));
  }

  /** The item with this id as it is known now, archived or not. @param {string} id @returns {Item | undefined} */
  item(id) {
    const item = this.#live.state.items.get(id);
    return item && this.#stocked(item);
  }

  /** Look at all items as they are now. Those who ask while it looks share one further look. */
  look() {
    this.#isWanted = true;
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** Look again when the feed tells that the stock may be another. @param {any} frame */
  hear(frame) {
    if (frame.type === "item") this.#lookQuietly();
    if (frame.type === "snapshot") [this.#head, this.#isBehind] = [frame.seq, true];
    if (frame.type !== "beat") return;
    // Orders take stock without a word on this channel, but they move the head of the feed.
    const hasMoved = frame.head > this.#head && [...this.#stock.values()].some((stock) => stock !== null);
    if (hasMoved) this.#lookQuietly();
    // A beat follows a snapshot at once, and then the page is live.
    else if (this.#isBehind) whenIdle(() => this.#lookQuietly());
    [this.#head, this.#isBehind] = [frame.head, false];
  }

  /** @param {object} body @returns {Promise<Item>} */
  async add(body) {
    return this.#take(await this.#api.call("POST", path`/v1/shops/${this.#shop}/items`, { body }));
  }

  /**
   * Change an item, whatever its version or only if it is still this one.
   * @param {string} id @param {object} body @param {number} [version]
   * @returns {Promise<Item>}
   */
  async change(id, body, version) {
    const headers = /** @type {Record<string, string>} */ (version === undefined ? {} : { "If-Match": `"${version}"` });
    try {
      return this.#take(await this.#api.call("PATCH", this.#path(id), { body, headers }));
    } catch (/** @type {any} */ problem) {
      // A page that hears nothing learns only now that somebody took it off the menu.
      if (problem.status === 404) this.#drop(id);
      throw problem;
    }
  }

  /** Take an item off the menu for good. @param {string} id */
  async archive(id) {
    await this.#api.call("DELETE", this.#path(id));
    this.#drop(id);
  }

  /** @param {string} id */
  #drop(id) {
    const item = this.#live.state.items.get(id);
    if (item && !item.archived) this.#live.merge("item", { ...item, archived: true });
  }

  /** @param {string} id */
  #path(id) {
    return path`/v1/shops/${this.#shop}/items/${id}`;
  }

  async #look() {
    while (this.#isWanted) {
      this.#isWanted = false;
      const { data } = await this.#api.get(path`/v1/shops/${this.#shop}/items`);
      data.forEach((/** @type {Item} */ item) => this.#take(item));
      if (this.#isWanted) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
    }
  }

  /** The light tells when the server cannot be reached, and what comes next is looked up again. */
  #lookQuietly() {
    this.look().catch(() => {});
  }

  /** An answer that comes late tells nothing, not even of the stock. @param {Item} item */
  #take({ stock = null, ...item }) {
    const known = this.#live.state.items.get(item.id);
    if (!known || known.version <= item.version) this.#stock.set(item.id, stock);
    this.#live.merge("item", item);
    return { ...item, stock };
  }

  /** @param {Item} item */
  #stocked(item) {
    return { ...item, stock: this.#stock.get(item.id) ?? null };
  }
}
