// @ts-check
/** Requests in the name of whoever is signed in. */

import { Problem, send } from "./http.js";

/** @typedef {import("./session.js").Session} Session */

export class Api {
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /** @param {string} path */
  get(path) {
    return this.call("GET", path);
  }

  /**
   * Ask in the name of who is signed in. A refused token is renewed and the request sent once more: what is refused
   * with 401 has not been carried out.
   * @param {string} method
   * @param {string} path
   * @param {{body?: any, headers?: Record<string, string>}} [given]
   * @returns {Promise<any>}
   * @throws {Problem}
   */
  async call(method, path, given = {}) {
    const token = await this.#session.token();
    try {
      return await send(method, path, { ...given, token });
    } catch (problem) {
      if (!token || !(problem instanceof Problem) || problem.status !== 401) throw problem;
      return send(method, path, { ...given, token: await this.#session.refresh() });
    }
  }
}

/**
 * A path with its variable parts escaped: path`/v1/shops/${shop}/orders`.
 * @param {TemplateStringsArray} fixed
 * @param {...string} parts
 */
export function path(fixed, ...parts) {
  return String.raw({ raw: fixed }, ...parts.map(encodeURIComponent));
}
