// @ts-check
/** The orders of a shop day by day: read page by page from the newest on, then kept up with what has changed since. */

import { path } from "./api.js";

/** @typedef {import("./store.js").Order} Order */

// More than this is quicker read anew.
const MOST_EVENTS = 1000;

export class DayBook {
  #api;
  #shop;
  /** @type {Map<string, Order>} */
  #orders = new Map();
  /** @type {string | null} where the next page begins; null where there is none */
  #cursor = "";
  /** The newest day of the page that was read last. */
  #reached = "9999";
  /** @type {{epoch: string, head: number} | null} up to where of the feed it is told */
  #position = null;

  /** @param {import("./api.js").Api} api @param {string} shop its id */
  constructor(api, shop) {
    this.#api = api;
    this.#shop = shop;
  }

  /** What is read of a day, newest first. @param {string} day @returns {Order[]} */
  of(day) {
    const orders = [...this.#orders.values()].filter(({ business_day: own }) => own === day);
    return orders.sort((a, b) => b.number - a.number);
  }

  /**
   * Read until all orders of a day are there, and those that have changed since.
   * @param {string} day
   * @param {() => boolean} goesOn told after each page; whether that day is still wanted
   */
  async read(day, goesOn) {
    await this.#catchUp();
    // Orders placed at the same moment stand by their ids, so a day may end within a page; a whole page of others ends it.
    while (this.#cursor !== null && this.#reached >= day) {
      const { data, next_cursor: next } = await this.#api.get(path`/v1/shops/${this.#shop}/orders?limit=100` + (this.#cursor && path`&cursor=${this.#cursor}`));
      data.forEach((/** @type {Order} */ order) => this.#take(order));
      this.#cursor = next;
      this.#reached = data.map((/** @type {Order} */ order) => order.business_day).sort().at(-1) ?? "";
      if (!goesOn()) return;
    }
  }

  async #catchUp() {
    while (this.#position !== null) {
      const { epoch, head: known } = this.#position;
      const { data, ...now } = await this.#events(known);
      if (now.epoch !== epoch || now.head - known > MOST_EVENTS) this.#forget();
      else {
        for (const frame of data) if (frame.type === "order") this.#take(frame.order);
        this.#position = { epoch, head: data.at(-1)?.seq ?? known };
        if (this.#position.head >= now.head || data.length === 0) return;
      }
    }
    const { epoch, head } = await this.#events(0, 1);
    this.#position = { epoch, head };
  }

  #forget() {
    this.#orders.clear();
    this.#cursor = "";
    this.#reached = "9999";
    this.#position = null;
  }

  /** @param {number} after @param {number} [limit] */
  #events(after, limit = 100) {
    return this.#api.get(path`/v1/shops/${this.#shop}/events?after=${String(after)}&limit=${String(limit)}`);
  }

  /** @param {Order} order */
  #take(order) {
    if ((this.#orders.get(order.id)?.version ?? 0) < order.version) this.#orders.set(order.id, order);
  }
}
