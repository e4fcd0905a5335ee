// @ts-check
/**
 * What the counter has to hear: new orders until somebody touches the board, cancelled ones, and that the board is not
 * live. Knows orders and a sound; the page hands both in.
 */

import { ACTIVE } from "./store.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").State} State */
/** @typedef {import("./tones.js").ToneName} ToneName */
/** @typedef {{ring: (name: ToneName | null) => void, play: (name: ToneName) => void}} Audible */

export class Alarm {
  #sound;
  #changed;
  #cancelled;
  /** @type {State | null} */
  #before = null;
  /** @type {Set<string>} new orders that nobody has answered yet */
  #unanswered = new Set();
  /** @type {Map<string, number>} the versions that this board's own cancellations make */
  #own = new Map();
  #isLost = false;
  /** @type {ToneName | null} */
  ringing = null;

  /**
   * @param {object} given
   * @param {Audible} given.sound
   * @param {(ringing: ToneName | null) => void} [given.changed] told what rings from now on
   * @param {(order: Order) => void} [given.cancelled] told of each order that was cancelled elsewhere
   */
  constructor({ sound, changed, cancelled }) {
    this.#sound = sound;
    this.#changed = changed;
    this.#cancelled = cancelled;
  }

  /** Compare what the server says now with what it said before. @param {State} state */
  see(state) {
    const before = this.#before;
    if (state === before || state.epoch === null) return;
    this.#before = state;
    for (const order of state.orders.values()) {
      const known = before?.orders.get(order.id);
      if (known === order) continue;
      if (order.status === "pending" && !known) this.#unanswered.add(order.id);
      else if (known && isActive(known) && order.status === "cancelled") this.#hearOf(order);
    }
    for (const id of this.#unanswered) {
      // Answered at another board, or gone.
      if (state.orders.get(id)?.status !== "pending") this.#unanswered.delete(id);
    }
    this.#ring();
  }

  /** This board is about to cancel an order: no news to those who stand before it. @param {{id: string, version: number}} order */
  cancels({ id, version }) {
    this.#own.set(id, version + 1);
  }

  /** Somebody stands before the board. */
  touched() {
    this.#unanswered.clear();
    this.#isLost = false;
    this.#ring();
  }

  /** How fresh the board is from now on. @param {string} level */
  turned(level) {
    this.#isLost = level === "stale";
    this.#ring();
  }

  /** @param {Order} order */
  #hearOf(order) {
    const isOwn = this.#own.get(order.id) === order.version && order.cancelled_by === "shop";
    this.#own.delete(order.id);
    // What nobody has touched for two days is no news to the counter.
    if (isOwn || order.cancelled_by === "system") return;
    this.#sound.play("cancelled");
    this.#cancelled?.(order);
  }

  #ring() {
    const ringing = this.#isLost ? "lost" : this.#unanswered.size > 0 ? "placed" : null;
    if (ringing === this.ringing) return;
    this.ringing = ringing;
    this.#sound.ring(ringing);
    this.#changed?.(ringing);
  }
}

/** @param {Order} order */
function isActive(order) {
  return ACTIVE.includes(order.status);
}
