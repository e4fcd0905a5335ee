// @ts-check
/**
 * What somebody types into a form while others change the same thing: what they changed, and what was changed under
 * their hands. Pure; values are texts by name.
 */

/** @typedef {Record<string, string>} Values */

export class Draft {
  #base;
  #normal;

  /**
   * @param {Values} base the values as they are on the server
   * @param {(name: string, text: string) => string} [normal] one form for all texts that mean the same, such as prices
   */
  constructor(base, normal = (_, text) => text) {
    this.#base = base;
    this.#normal = normal;
  }

  /**
   * What was typed that the server does not have.
   * @param {Values} typed
   * @returns {Values}
   */
  changes(typed) {
    return picked(typed, (name) => !this.#isSame(name, typed[name], this.#base[name]));
  }

  /**
   * Go on from newer values of the server: `taken` are those that nobody has typed over, to be shown; `contested` those
   * where something else was typed, which stays.
   * @param {Values} newer
   * @param {Values} typed
   * @returns {{taken: Values, contested: Values}}
   */
  rebase(newer, typed) {
    const before = this.#base;
    const changed = picked(newer, (name) => name in typed && !this.#isSame(name, newer[name], before[name]));
    this.#base = { ...before, ...newer };
    return {
      taken: picked(changed, (name) => this.#isSame(name, typed[name], before[name])),
      contested: picked(changed, (name) => ![before, newer].some((known) => this.#isSame(name, typed[name], known[name]))),
    };
  }

  /** @param {string} name @param {string} a @param {string} [b] */
  #isSame(name, a, b = "") {
    return this.#normal(name, a) === this.#normal(name, b);
  }
}

/** @param {Values} values @param {(name: string) => boolean} isWanted @returns {Values} */
function picked(values, isWanted) {
  return Object.fromEntries(Object.entries(values).filter(([name]) => isWanted(name)));
}
