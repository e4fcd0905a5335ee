// @ts-check
/** The basket beside the menu: its lines, what it costs, and the button that orders it. */

import * as baskets from "./basket.js";
import { byId, element, showList, tell } from "./element.js";
import { money } from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./basket.js").Basket} Basket */
/** @typedef {import("./basket.js").PricedLine} PricedLine */
/** @typedef {{change: (basket: Basket) => void, order: () => void, giveUp: () => void}} Acts */

export class BasketPanel {
  #acts;
  #basket = baskets.empty();
  #currency = "";

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
    byId("order-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      acts.order();
    });
    byId("give-up").addEventListener("click", () => acts.giveUp());
    for (const name of ["note", "pickup_name"]) {
      byId(name).addEventListener("input", () => acts.change({ ...this.#basket, [name]: byId(name).value }));
    }
  }

  /** Fill what the person types into from a basket that was kept. @param {Basket} basket */
  begin(basket) {
    byId("note").value = basket.note;
    byId("pickup_name").value = basket.pickup_name;
  }

  /**
   * @param {{basket: Basket, items: ReadonlyMap<string, import("./store.js").Item>,
   *   shop: import("./store.js").Shop, isSending: boolean}} given
   */
  show({ basket, items, shop, isSending }) {
    this.#basket = basket;
    this.#currency = shop.currency ?? "";
    const priced = baskets.priced(basket, items);
    const isLocked = isSending || basket.attempt !== null;
    const total = money(priced.total_minor, this.#currency);
    this.#showLines(priced.lines, isLocked);
    this.#showButton(priced, total, isSending, shop.ordering === "paused");
    tell(byId("basket-empty"), priced.pieces === 0 ? say("basket.empty") : "");
    tell(byId("basket-open"), basket.attempt && !isSending ? say("basket.open") : "");
    byId("give-up-place").hidden = !basket.attempt || isSending;
    byId("basket-rest").hidden = priced.pieces === 0;
    byId("basket-fields").disabled = isLocked;
    byId("total").textContent = total;
    tell(byId("pay"), priced.total_minor > 0 ? say("order.pay") : "");
    tell(byId("basket-link"), priced.pieces ? say("basket.show", { pieces: priced.pieces, total }) : "");
  }

  /** @param {string} text */
  complain(text) {
    tell(byId("problem"), text);
  }

  /** @param {PricedLine[]} lines @param {boolean} isLocked */
  #showLines(lines, isLocked) {
    showList(byId("basket-lines"), lines, {
      key: (line) => line.item_id,
      // Without the note: the field in which somebody is typing must stay.
      mark: ({ item, quantity, problem }) => JSON.stringify([item?.name, item?.price_minor, quantity, problem, isLocked]),
      make: (line) => this.#line(line, isLocked),
    });
  }

  /** @param {PricedLine} line @param {boolean} isLocked */
  #line(line, isLocked) {
    const name = line.item?.name ?? say("basket.unknown_item");
    const put = (/** @type {number} */ pieces) => () => this.#acts.change(baskets.put(this.#basket, line.item_id, pieces));
    return element(
      "li",
      { className: "basket-line", data: { item: line.item_id, problem: line.problem ?? "" } },
      element("span", { className: "quantity" }, `${line.quantity}×`),
      element("span", { className: "line-name", dir: "auto" }, name),
      line.problem
        ? element("span", { className: "sold-out" }, say(`basket.${line.problem}`))
        : element("span", { className: "amount" }, money(line.amount_minor, this.#currency)),
      element(
        "button",
        { type: "button", className: "quiet", "aria-label": `${say("basket.remove")}: ${name}`, disabled: isLocked, on: { click: put(0) } },
        "✕",
      ),
      this.#noteOf(line, name, isLocked),
    );
  }

  /** @param {PricedLine} line @param {string} name @param {boolean} isLocked */
  #noteOf(line, name, isLocked) {
    const input = element("input", {
      className: "line-note",
      value: line.note,
      maxLength: 200,
      disabled: isLocked,
      placeholder: say("basket.line_note_hint"),
      "aria-label": say("basket.line_note", { name }),
      data: { focus: "note" },
    });
    input.addEventListener("input", () => this.#acts.change(baskets.annotate(this.#basket, line.item_id, input.value)));
    return input;
  }

  /** @param {ReturnType<typeof baskets.priced>} priced @param {string} total @param {boolean} isSending
   * @param {boolean} isPaused */
  #showButton({ isOrderable, pieces }, total, isSending, isPaused) {
    const button = byId("order");
    const isOpen = this.#basket.attempt !== null && !isSending;
    // An attempt without an answer is asked for again whatever the menu says by now.
    button.disabled = isSending || !(isOpen || (isOrderable && !isPaused));
    button.ariaBusy = String(isSending);
    button.textContent = isSending ? say("basket.sending") : isOpen ? say("basket.again") : say("basket.order", { total });
    tell(byId("basket-fix"), pieces > 0 && !isOrderable && !isOpen ? say("basket.fix") : "");
  }
}
