// @ts-check
/** What a new owner does first, and what comes next; gone once the first order was placed. */

import { path } from "./api.js";
import { byId, element } from "./element.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */

export class StartPanel {
  #inventory;
  #shown = "";

  /** @param {import("./inventory.js").Inventory} inventory */
  constructor(inventory) {
    this.#inventory = inventory;
  }

  /** @param {Shop} shop */
  show({ slug }) {
    byId("start").hidden = false;
    const hasItems = this.#inventory.items.length > 0;
    const mark = `${slug} ${hasItems}`;
    if (mark === this.#shown) return;
    this.#shown = mark;
    byId("start-title").textContent = say(hasItems ? "start.live" : "start.title");
    byId("steps").replaceChildren(
      step("item", hasItems),
      step("board", false, hasItems && path`/shops/${slug}/board`, "button primary"),
      step("poster", false, hasItems && path`/shops/${slug}/poster`, "button"),
    );
  }
}

/** @param {string} name @param {boolean} isDone @param {string | false} [href] @param {string} [className] */
function step(name, isDone, href = false, className = "") {
  const words = element("span", {}, say(`start.${name}`), isDone && element("span", { className: "visually-hidden" }, ` (${say("start.done")})`));
  return element("li", { data: { step: name, done: String(isDone) } }, words, href && element("a", { href, className }, say(`start.${name}_go`)));
}
