// @ts-check
/**
 * Where a device keeps what was tapped: it survives a reload, a crash and a night without power. Pure, given a storage.
 *
 * Each tab has a place of its own, so that two tabs never send the same. What a tab has left behind goes to the next one.
 */

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Kept */
/** @typedef {{at: number, things: unknown[]}} Place */

const TAB = "orderflow.tab";

// A tab that lives renews its place more often than this, even where the browser slows its timers down to one a minute.
const ABANDONED_MS = 150_000;
export const RENEW_MS = 20_000;

export class Shelf {
  #storage;
  #key;
  #tabStorage;
  #now;

  /**
   * @param {Kept} storage of the device
   * @param {string} key
   * @param {Kept} tabStorage of this tab, which survives a reload
   * @param {() => number} [now]
   */
  constructor(storage, key, tabStorage, now = Date.now) {
    this.#storage = storage;
    this.#key = key;
    this.#tabStorage = tabStorage;
    this.#now = now;
  }

  /** The name of this tab, made when there is something to keep. */
  get #tab() {
    const known = this.#tabStorage.getItem(TAB) ?? crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.#tabStorage.setItem(TAB, known);
    return known;
  }

  /**
   * Take what was kept by this tab, and by tabs that are gone.
   * @returns {unknown[]}
   */
  take() {
    const places = this.#read();
    if (Object.keys(places).length === 0) return [];
    const isMine = (/** @type {string} */ tab, /** @type {Place} */ { at }) => tab === this.#tab || this.#now() - at > ABANDONED_MS;
    const mine = Object.entries(places).filter(([tab, place]) => isMine(tab, place));
    const things = mine.sort(([, a], [, b]) => a.at - b.at).flatMap(([, place]) => place.things);
    for (const [tab] of mine) delete places[tab];
    this.#write(places, things);
    return things;
  }

  /** Keep exactly these. @param {ReadonlyArray<unknown>} things */
  put(things) {
    const places = this.#read();
    if (things.length > 0 || Object.keys(places).length > 0) this.#write(places, things);
  }

  /** @param {Record<string, Place>} places @param {ReadonlyArray<unknown>} things */
  #write(places, things) {
    delete places[this.#tab];
    if (things.length > 0) places[this.#tab] = { at: this.#now(), things: [...things] };
    try {
      if (Object.keys(places).length === 0) this.#storage.removeItem(this.#key);
      else this.#storage.setItem(this.#key, JSON.stringify(places));
    } catch {
      // Full, or forbidden: they are still made from memory.
    }
  }

  /** @returns {Record<string, Place>} */
  #read() {
    try {
      const kept = Object.entries(JSON.parse(this.#storage.getItem(this.#key) ?? "{}"));
      return Object.fromEntries(kept.filter(([, place]) => typeof place?.at === "number" && Array.isArray(place.things)));
    } catch {
      return {};
    }
  }
}
