// @ts-check
/** For some seconds after each move, a button that takes it back. */

import { element } from "./element.js";
import { say } from "./words.js";

/** @typedef {import("./taps.js").Tap} Tap */

// Shorter than the 10 s for which the e-mail “ready” is held, so that a mis-tap that is taken back tells nobody.
const OFFERED_MS = 8_000;

export class UndoOffers {
  #place = element("div", { className: "undo-offers", role: "status" });
  #takeBack;
  /** @type {{tap: Tap, button: HTMLElement, timer: ReturnType<typeof setTimeout>}[]} the newest first */
  #offers = [];

  /** @param {HTMLElement} where @param {(tap: Tap) => void} takeBack */
  constructor(where, takeBack) {
    this.#takeBack = takeBack;
    where.append(this.#place);
  }

  /** Offer to take back a move; an earlier one of the same order no longer can be, by itself. @param {Tap} tap */
  offer(tap) {
    this.withdraw(tap.order);
    const button = element(
      "button",
      { type: "button", className: "undo", data: { act: "undo" }, on: { click: () => this.#take(tap) } },
      element("span", { className: "undo-word" }, say("board.undo")),
      element("span", {}, `${tap.number} · ${say(`status.${tap.to}`)}`),
    );
    this.#place.prepend(button);
    this.#offers.unshift({ tap, button, timer: setTimeout(() => this.withdraw(tap.order), OFFERED_MS) });
  }

  /** No longer offer it for an order. @param {string} order */
  withdraw(order) {
    for (const offer of this.#offers.filter(({ tap }) => tap.order === order)) {
      clearTimeout(offer.timer);
      offer.button.remove();
    }
    this.#offers = this.#offers.filter(({ tap }) => tap.order !== order);
  }

  /** Take back the newest one. */
  takeLast() {
    if (this.#offers.length > 0) this.#take(this.#offers[0].tap);
  }

  /** @param {Tap} tap */
  #take(tap) {
    this.withdraw(tap.order);
    this.#takeBack(tap);
  }
}
