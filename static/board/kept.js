// @ts-check
/**
 * What this device and this tab keep. Where a browser forbids that, or has no room for it, it is there until the page is
 * left.
 */

class Kept {
  #name;
  /** @type {Map<string, string>} what the browser did not take */
  #memory = new Map();

  /** @param {"localStorage" | "sessionStorage"} name */
  constructor(name) {
    this.#name = name;
  }

  /** Whether something will be gone once the page is left. */
  get isForgetful() {
    return this.#memory.size > 0;
  }

  /** @param {string} key @returns {string | null} */
  getItem(key) {
    return this.#memory.get(key) ?? this.#allowed((storage) => storage.getItem(key)) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    const isKept = this.#allowed((storage) => (storage.setItem(key, value), true));
    if (isKept) this.#memory.delete(key);
    else this.#memory.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#memory.delete(key);
    this.#allowed((storage) => storage.removeItem(key));
  }

  clear() {
    this.#memory.clear();
    this.#allowed((storage) => storage.clear());
  }

  /** The storage itself is what some browsers refuse. @template T @param {(storage: Storage) => T} act */
  #allowed(act) {
    try {
      return act(globalThis[this.#name]);
    } catch {
      return undefined;
    }
  }
}

export const device = new Kept("localStorage");
export const tab = new Kept("sessionStorage");
