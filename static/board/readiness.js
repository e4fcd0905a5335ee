// @ts-check
/** Which numbers have become ready, in which order, and which of them are news. Pure, given the time. */

// For as long as a new number stands out.
const NEWS_MS = 30_000;

export class Readiness {
  /** @type {Map<string, number>} when each was first seen, in the order of that; 0 where it was so from the beginning */
  #since = new Map();
  #hasBegun = false;

  /**
   * Take note of all that are ready now.
   * @param {string[]} keys
   * @param {number} now
   * @returns {boolean} whether there is a new one among them
   */
  see(keys, now) {
    const isFirst = !this.#hasBegun;
    this.#hasBegun = true;
    for (const key of this.#since.keys()) {
      if (!keys.includes(key)) this.#since.delete(key);
    }
    const added = keys.filter((key) => !this.#since.has(key));
    // What was ready before this screen was opened has been called.
    for (const key of added) this.#since.set(key, isFirst ? 0 : now);
    return !isFirst && added.length > 0;
  }

  /** @param {number} now @returns {ReadonlySet<string>} */
  news(now) {
    return new Set([...this.#since].filter(([, since]) => now - since < NEWS_MS).map(([key]) => key));
  }

  /**
   * @template T
   * @param {T[]} things
   * @param {(thing: T) => string} keyOf
   */
  oldestFirst(things, keyOf) {
    const ranks = new Map([...this.#since.keys()].map((key, rank) => [key, rank]));
    return [...things].sort((a, b) => (ranks.get(keyOf(a)) ?? 0) - (ranks.get(keyOf(b)) ?? 0));
  }
}
