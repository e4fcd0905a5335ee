// @ts-check
/**
 * Sends what was tapped, one by one and in order, for as long as it takes. Knows no page: what it shows, keeps and says
 * is handed in.
 */

import { delayMs } from "./backoff.js";
import { overlaid, read, tapOn, withdrawn, without } from "./taps.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {import("./taps.js").Tap} Tap */
/**
 * @typedef {object} Given
 * @property {(tap: Tap) => Promise<Order>} send throws a Problem
 * @property {() => number} now the server's time in ms
 * @property {() => void} changed the taps are others than before, or have to wait
 * @property {(order: Order) => void} confirmed
 * @property {(tap: Tap, problem: any, lost: number) => void} refused `lost`: so many later taps on the order go with it
 * @property {(ms: number) => Promise<void>} [pause]
 */

// Answers after which the same may be asked again: none at all, too fast, or a server that is away.
const AGAIN = [0, 429, 502, 503, 504];
const SIGNED_OUT = 401;

export class Moves {
  /** @type {ReadonlyArray<Tap>} */
  taps = [];
  /** Whether the first of them could not be sent, so that all wait. */
  isHeld = false;
  #given;
  /** @type {Tap | null} */
  #sent = null;
  #isRunning = false;
  /** @type {import("./shelf.js").Shelf | null} */
  #shelf = null;
  /** @type {() => void} */
  #hurry = () => {};

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
  }

  /** Go on with what was kept, and keep from now on. @param {import("./shelf.js").Shelf} shelf */
  restore(shelf) {
    this.#shelf = shelf;
    const kept = read(shelf.take());
    if (kept.length > 0) this.isHeld = true;
    this.#become([...kept, ...this.taps]);
    this.resume();
  }

  /** Say that this tab still lives. */
  keep() {
    if (this.taps.length > 0) this.#shelf?.put(this.taps);
  }

  /**
   * The orders as they are shown.
   * @param {ReadonlyMap<string, Order>} orders
   */
  shown(orders) {
    return overlaid(orders, this.taps);
  }

  /** Whether an order has taps that could not be sent so far. @param {Order} order */
  isWaiting(order) {
    return this.isHeld && this.taps.some((tap) => tap.order === order.id);
  }

  /**
   * Move an order as it is shown.
   * @param {Order} order
   * @param {Status} to
   * @param {string | null} [reason]
   * @returns {Tap}
   */
  move(order, to, reason = null) {
    const tap = tapOn(order, to, reason, this.#given.now());
    this.#become([...this.taps, tap]);
    this.resume();
    return tap;
  }

  /**
   * Take a tap back: it is not sent if it can still be helped, else the order is moved back.
   * @param {Tap} tap
   * @param {Order | undefined} order as it is shown now
   * @returns {boolean} whether there was anything left to take back
   */
  undo(tap, order) {
    const rest = withdrawn(this.taps, tap, this.#sent);
    if (rest) this.#become(rest);
    else if (order?.status === tap.to) this.move(order, tap.from, tap.from === "cancelled" ? order.reason : null);
    else return false;
    return true;
  }

  /** The network may be back: send what waits, now. */
  resume() {
    this.#hurry();
    if (!this.#isRunning) this.#run();
  }

  async #run() {
    this.#isRunning = true;
    for (let attempt = 0; this.taps.length > 0; ) {
      const isDone = await this.#sendFirst();
      if (isDone === null) break;
      attempt = isDone ? 0 : attempt + 1;
      if (!isDone) await this.#wait(delayMs(attempt));
    }
    this.#isRunning = false;
  }

  /** @returns {Promise<boolean | null>} whether it is settled; null: nobody is signed in to send it */
  async #sendFirst() {
    const tap = this.taps[0];
    this.#sent = tap;
    try {
      this.#settle(tap, await this.#given.send(tap));
      return true;
    } catch (/** @type {any} */ problem) {
      if (problem.status !== SIGNED_OUT && !AGAIN.includes(problem.status)) {
        this.#refuse(tap, problem);
        return true;
      }
      this.#hold();
      return problem.status === SIGNED_OUT ? null : false;
    }
  }

  /** @param {Tap} tap @param {Order} order */
  #settle(tap, order) {
    this.#sent = null;
    this.isHeld = false;
    this.#given.confirmed(order);
    this.#become(this.taps.filter((other) => other !== tap));
  }

  /** @param {Tap} tap @param {any} problem */
  #refuse(tap, problem) {
    const rest = without(this.taps, tap);
    const lost = this.taps.length - rest.length - 1;
    this.#sent = null;
    this.isHeld = false;
    this.#become(rest);
    this.#given.refused(tap, problem, lost);
  }

  #hold() {
    if (this.isHeld) return;
    this.isHeld = true;
    this.#given.changed();
  }

  /** @param {ReadonlyArray<Tap>} taps */
  #become(taps) {
    this.taps = taps;
    if (taps.length === 0) this.isHeld = false;
    this.#shelf?.put(taps);
    this.#given.changed();
  }

  /** @param {number} ms */
  #wait(ms) {
    const hurried = new Promise((resolve) => (this.#hurry = () => resolve(undefined)));
    return Promise.race([hurried, (this.#given.pause ?? slept)(ms)]);
  }
}

/** @param {number} ms @returns {Promise<void>} */
function slept(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
