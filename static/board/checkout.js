// @ts-check
/**
 * Ordering what is in a basket: who orders, and what became of it. However often the button is tapped, an answer is
 * lost or the page is loaded anew: it is one order, since its key is kept until there is an answer.
 */

import { path } from "./api.js";
import { pause } from "./backoff.js";
import * as baskets from "./basket.js";
import { device } from "./kept.js";
import { later } from "./later.js";
import { say } from "./words.js";

/** @typedef {import("./basket.js").Basket} Basket */
/**
 * @typedef {object} Given
 * @property {import("./session.js").Session} session
 * @property {import("./api.js").Api} api
 * @property {Promise<unknown>} started when it is known who is signed in
 * @property {() => string} shop its id
 * @property {() => {basket: Basket, total_minor: number}} offer what would be ordered now, as the person sees it
 * @property {(basket: Basket) => void} change
 * @property {() => void} show
 * @property {(order: import("./store.js").Order) => void} placed
 * @property {(problem: import("./api.js").Problem) => Promise<void>} refused
 */

const TRIES = 3;
// Whoever waits for an answer still wants the order; who comes back much later may have gone elsewhere.
const WANTED_MS = 120_000;
const UNAUTHENTICATED = 401;
// Who has ordered on this device before has an account, and signs in; others make one.
const KNOWN = "orderflow.known";
const account = later(() => import("./account.js"));

export class Checkout {
  /** Whether a request is on its way, or somebody is about to sign in for it. */
  isSending = false;
  /** Whether this page itself waits for an answer, and will ask again once it is connected. */
  isWaiting = false;
  #given;
  #wantedUntil = 0;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    addEventListener("online", () => this.connected());
  }

  async order() {
    if (this.isSending) return;
    this.isSending = true;
    this.#wantedUntil = Date.now() + WANTED_MS;
    this.#given.show();
    try {
      await this.#given.started;
      while ((await this.#isSomebody()) && (await this.#send()) === "signed_out");
    } finally {
      this.isSending = false;
      this.#given.show();
    }
  }

  /** Ask again for what has no answer yet, now that the server can be reached again. */
  async connected() {
    const until = this.#wantedUntil;
    if (!this.isWaiting || this.isSending || Date.now() > until) return;
    await this.order();
    // Asked for once by a person, it is asked for no longer than that.
    this.#wantedUntil = until;
  }

  async #isSomebody() {
    const { session, refused } = this.#given;
    if (session.user !== null) return true;
    const first = device.getItem(KNOWN) ? "sign_in" : "register";
    try {
      return (await account()).askForAccount(session, say("account.to_order"), first);
    } catch (/** @type {any} */ problem) {
      await refused(problem);
      return false;
    }
  }

  /** @returns {Promise<"signed_out" | void>} */
  async #send() {
    const { offer, change, placed, refused, session } = this.#given;
    const { basket, total_minor: total } = offer();
    const attempted = baskets.attempt(basket, baskets.order(basket, total), session.user?.id);
    this.isWaiting = false;
    change(attempted);
    try {
      const order = await this.#place(attempted.attempt);
      device.setItem(KNOWN, "yes");
      placed(order);
    } catch (/** @type {any} */ problem) {
      // What was refused for want of a sign-in was not carried out, and the same key may be used again.
      if (problem.status === UNAUTHENTICATED) return "signed_out";
      this.isWaiting = problem.isOpen;
      if (problem.isOpen) return;
      change(baskets.refused(basket));
      await refused(problem);
    }
  }

  /** @param {import("./basket.js").Attempt} attempt */
  async #place({ key, body }) {
    const { api, shop } = this.#given;
    for (let tries = 1; ; tries += 1) {
      try {
        const headers = { "Idempotency-Key": key };
        return await api.call("POST", path`/v1/shops/${shop()}/orders`, { body, headers });
      } catch (/** @type {any} */ problem) {
        if (!problem.isOpen || tries === TRIES) throw problem;
        await pause(tries);
      }
    }
  }
}
