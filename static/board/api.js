// @ts-check
/** Requests to this server, in the name of whoever is signed in; refusals are problems (RFC 9457). */

const TIMEOUT_MS = 15_000;

/** A refusal of the API, or no answer at all (`code` is then `no_answer`). */
export class Problem extends Error {
  /**
   * @param {string} code
   * @param {number} status 0 without an answer
   * @param {{detail?: string, title?: string, [member: string]: any}} [content]
   */
  constructor(code, status, content = {}) {
    super(content.detail ?? content.title ?? code);
    this.code = code;
    this.status = status;
    this.content = content;
  }

  /** Whether the request may have been carried out all the same, or may be if asked again. */
  get isOpen() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Ask, and return what was answered: the JSON, or null where there is none.
 * @param {string} method
 * @param {string} path
 * @param {{body?: any, headers?: Record<string, string>, token?: string | null}} [given]
 * @returns {Promise<any>}
 * @throws {Problem} for every answer that is no success, and for none
 */
export async function send(method, path, { body, headers = {}, token = null } = {}) {
  const sent = new Headers(headers);
  if (token) sent.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) sent.set("Content-Type", "application/json");
  const answer = await answered(path, {
    method,
    headers: sent,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const content = await read(answer);
  if (!answer.ok) throw new Problem(content?.code ?? `http_${answer.status}`, answer.status, content ?? {});
  return content;
}

/** @param {string} path @param {RequestInit} init */
async function answered(path, init) {
  try {
    return await fetch(path, init);
  } catch {
    throw new Problem("no_answer", 0);
  }
}

/** @param {Response} answer */
async function read(answer) {
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    // Cut off, or something between us and the server spoke in its stead.
    if (answer.ok) throw new Problem("no_answer", 0);
    return null;
  }
}

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

/**
 * The part of the address after `/shops/` or `/orders/`.
 * @returns {string}
 */
export function addressed() {
  const part = location.pathname.split("/")[2] ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
