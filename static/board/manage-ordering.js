// @ts-check
/** Whether a shop takes orders, turned by one tap of its owner. */

import { path } from "./api.js";
import { byId } from "./element.js";
import { segmented } from "./segmented.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{api: import("./api.js").Api, live: import("./live.js").Live, toast: import("./toast.js").Toast, isOwner: boolean}} Given */

export class OrderingPanel {
  #given;
  /** @type {string | null} as tapped and not yet confirmed */
  #wish = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
  }

  /** @param {Shop} shop */
  show(shop) {
    this.#show(this.#wish ?? shop.ordering ?? "open");
  }

  /** @param {string} ordering */
  #show(ordering) {
    if (byId("ordering").dataset.ordering === ordering) return;
    byId("ordering").dataset.ordering = ordering;
    byId("ordering-word").textContent = say(`manage.${ordering}`);
    byId("ordering-hint").textContent = say(`manage.${ordering}_hint`, { words: say("shop.paused") });
    if (!this.#given.isOwner) return;
    const options = ["open", "paused"].map((value) => ({ value, text: say(`manage.choice.${value}`) }));
    const isFocused = byId("pause").contains(document.activeElement);
    byId("pause").replaceChildren(segmented(say("manage.ordering"), options, ordering, (chosen) => this.#turn(chosen)));
    if (isFocused) byId("pause").querySelector("[aria-pressed=true]").focus();
  }

  /** Shown at once, then sent. @param {string} ordering */
  async #turn(ordering) {
    const { api, live, toast } = this.#given;
    const id = live.state.shop?.id ?? "";
    this.#wish = ordering;
    this.#show(ordering);
    try {
      live.merge("shop", await api.call("PATCH", path`/v1/shops/${id}`, { body: { ordering } }));
    } catch (problem) {
      toast.refuse(problem, say("manage.ordering_failed"), { act: say("manage.again"), on: () => this.#turn(ordering) });
    }
    // Of several taps the last one counts.
    if (this.#wish !== ordering) return;
    this.#wish = null;
    this.#show(live.state.shop?.ordering ?? ordering);
  }
}
