// @ts-check
/**
 * Who is signed in. The access token lives in memory only, the refresh token in a cookie that no script can read.
 *
 * Dispatches `change` when the person changes, `renamed` when they are called otherwise, and `renewed` with each new
 * access token.
 */

import { Problem, send } from "./api.js";
import { pause } from "./backoff.js";

/** @typedef {{id: string, email: string, name: string, role: "customer" | "shop_owner"}} User */

// A token is renewed after this part of its life, and never used in its last seconds.
const RENEW_AFTER = 0.7;
const SPARE_MS = 5_000;
// Browsers take a longer time-out than 24.8 days for none at all.
const SHORTEST_MS = 1_000;
const LONGEST_MS = 86_400_000;

export class Session extends EventTarget {
  /** @type {User | null} */
  user = null;
  /** @type {string | null} */
  #token = null;
  #endsAt = 0;
  /** @type {Promise<string | null> | null} */
  #refreshing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Promise<any> | null} asked for at once: what a page does until it wants to know takes a slow tablet 0.1 s */
  #first = asked();

  constructor() {
    super();
    // Whoever takes it up is told.
    this.#first?.catch(() => {});
  }

  /** Find out who is signed in, for as long as it takes; returns the person or null. */
  async start() {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.refresh();
        return this.user;
      } catch {
        await pause(attempt);
      }
    }
  }

  /**
   * A valid access token, null when nobody is signed in.
   * @returns {Promise<string | null>}
   * @throws {Problem} a new one is needed, and the server cannot be asked
   */
  async token() {
    if (!this.user) return null;
    return Date.now() < this.#endsAt - SPARE_MS ? this.#token : this.refresh();
  }

  /**
   * A new access token; all who ask at the same time share one request.
   * @returns {Promise<string | null>}
   */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /** @param {string} email @param {string} password */
  async signIn(email, password) {
    this.#begin(await send("POST", "/v1/auth/login", { body: { email, password, cookie: true } }));
  }

  /**
   * Make an account and sign in with it.
   * @param {{email: string, password: string, name: string, role: string}} person
   */
  async register(person) {
    await send("POST", "/v1/auth/register", { body: person });
    await this.signIn(person.email, person.password);
  }

  /** Take in what the server says of the person who is signed in. @param {User} user */
  rename(user) {
    this.user = user;
    this.dispatchEvent(new Event("renamed"));
  }

  /** Sign out, here and on the server. */
  async signOut() {
    const token = this.#token;
    try {
      await send("POST", "/v1/auth/logout", { body: {}, token });
    } finally {
      this.#end();
    }
  }

  async #refresh() {
    try {
      const answer = this.#first ?? asked();
      this.#first = null;
      this.#begin(await answer);
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.isOpen) throw problem;
      this.#end();
    }
    return this.#token;
  }

  /** @param {{access_token: string, expires_in: number, user: User}} given */
  #begin(given) {
    const isOther = this.user?.id !== given.user.id;
    this.user = given.user;
    this.#token = given.access_token;
    this.#endsAt = Date.now() + given.expires_in * 1000;
    this.#renewIn(Math.min(Math.max(given.expires_in * 1000 * RENEW_AFTER, SHORTEST_MS), LONGEST_MS));
    this.dispatchEvent(new Event("renewed"));
    if (isOther) this.dispatchEvent(new Event("change"));
  }

  #end() {
    clearTimeout(this.#timer);
    const wasSomebody = this.user !== null;
    this.user = this.#token = null;
    if (wasSomebody) this.dispatchEvent(new Event("change"));
  }

  /** @param {number} ms @param {number} [attempt] */
  #renewIn(ms, attempt = 0) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        await this.refresh();
      } catch {
        await pause(attempt);
        if (this.user) this.#renewIn(0, attempt + 1);
      }
    }, ms);
  }
}

/** @returns {Promise<{access_token: string, expires_in: number, user: User}>} */
function asked() {
  return send("POST", "/v1/auth/refresh", { body: {} });
}
