// @ts-check
/** The basket beside the menu: its lines, what it costs, and the button that orders it. */

import * as baskets from "./basket.js";
import { basketLine } from "./basket-line.js";
import { byId, element, showList, tell } from "./element.js";
import { money } from "./format.js";
import { device } from "./kept.js";
import { say } from "./words.js";

/** @typedef {import("./basket.js").Basket} Basket */
/** @typedef {import("./basket.js").PricedLine} PricedLine */
/** @typedef {{change: (basket: Basket) => void, put: (item: {id: string, name: string}, pieces: number, line: number) => void,
 *   fit: () => void, order: () => void, giveUp: () => void}} Acts */
/** @typedef {{basket: Basket, items: ReadonlyMap<string, import("./store.js").Item>,
 *   shop: import("./store.js").Shop, limits: import("./basket.js").Limits, isSending: boolean,
 *   isWaiting: boolean}} Given */
/** @typedef {ReturnType<typeof baskets.priced>} Priced */

// A tap that was on its way while the total changed by itself was meant for what stood there before.
const SETTLES_MS = 800;

export class BasketPanel {
  #acts;
  #basket = baskets.empty();
  #currency = "";
  /** @type {number | null} the total that is shown, null while it is the person who changes it */
  #total = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #settling;

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
    byId("order-form").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      if (byId("order").ariaDisabled === "true") this.complain(say("basket.just_changed"));
      else acts.order();
    });
    byId("give-up").addEventListener("click", () => acts.giveUp());
    byId("fit").addEventListener("click", () => (acts.fit(), byId("basket-title").focus()));
    for (const name of ["note", "pickup_name"]) {
      byId(name).addEventListener("input", () => acts.change({ ...this.#basket, [name]: byId(name).value }));
    }
    new IntersectionObserver(([{ isIntersecting }]) => (byId("basket-link").dataset.away = String(!isIntersecting))).observe(byId("basket"));
  }

  /**
   * Fill what the person types into from a basket that was kept.
   * @param {Basket} basket
   * @param {string} news what has just happened to it
   */
  begin(basket, news = "") {
    this.#total = null;
    byId("note").value = basket.note;
    byId("pickup_name").value = basket.pickup_name;
    byId("basket-further").open = Boolean(basket.note || basket.pickup_name);
    if (!news) return;
    tell(byId("basket-news"), news);
    // The menu above it has only now got its length.
    queueMicrotask(() => byId("basket").scrollIntoView());
  }

  /** The person has changed the basket, and expects another total; what was news before is none any more. */
  seen() {
    this.#total = null;
    tell(byId("basket-news"), "");
    this.#settle();
  }

  /** @param {Given} given */
  show({ basket, items, shop, limits, isSending, isWaiting }) {
    this.#basket = basket;
    this.#currency = shop.currency ?? "";
    const priced = baskets.priced(basket, items, limits);
    const isOpen = basket.attempt !== null && !isSending;
    const isLocked = isSending || isOpen;
    this.#showLines(priced.lines, isLocked);
    this.#showTotal(priced);
    this.#showWants(priced, isOpen);
    this.#showButton(priced, { isSending, isOpen, isPaused: shop.ordering === "paused" });
    tell(byId("basket-empty"), priced.pieces === 0 ? say("basket.empty") : "");
    tell(byId("basket-paused"), shop.ordering === "paused" && !isOpen ? say("basket.paused") : "");
    tell(byId("basket-open"), isOpen ? say(isWaiting ? "basket.open_here" : "basket.open") : "");
    byId("not-kept").hidden = !device.isForgetful;
    byId("give-up-place").hidden = !isOpen;
    byId("basket-rest").hidden = priced.pieces === 0;
    byId("basket-fields").disabled = isLocked;
    this.#showLink(priced, isOpen);
  }

  /** @param {string} text */
  complain(text) {
    tell(byId("problem"), text);
  }

  /** @param {PricedLine[]} lines @param {boolean} isLocked */
  #showLines(lines, isLocked) {
    showList(byId("basket-lines"), lines, {
      key: ({ line }) => String(line),
      // Without the note: the field in which somebody is typing must stay.
      mark: ({ item, quantity, left, problem, was_minor }) =>
        JSON.stringify([item?.name, item?.price_minor, quantity, left, problem, was_minor, isLocked]),
      make: (line) =>
        basketLine(line, this.#currency, isLocked, {
          put: this.#acts.put,
          annotate: (note) => this.#acts.change(baskets.annotate(this.#basket, line.line, note)),
          noteOne: () => this.#acts.change(baskets.noteOne(this.#basket, line.line)),
        }),
    });
  }

  /** @param {Priced} priced */
  #showTotal({ total_minor: total }) {
    if (this.#total !== null && this.#total !== total) this.#unsettle();
    this.#total = total;
    byId("total").textContent = money(total, this.#currency);
    tell(byId("pay"), total > 0 ? say("order.pay") : "");
  }

  #unsettle() {
    clearTimeout(this.#settling);
    byId("order").ariaDisabled = "true";
    this.#settling = setTimeout(() => this.#settle(), SETTLES_MS);
  }

  #settle() {
    clearTimeout(this.#settling);
    byId("order").ariaDisabled = null;
  }

  /** What cannot be had, and which prices are others than before. @param {Priced} priced @param {boolean} isOpen */
  #showWants({ lines, isWhole, left }, isOpen) {
    const words = lines.filter((line) => line.problem).map((line) => {
      const had = lines.reduce((sum, other) => sum + (other.item_id === line.item_id ? other.left : 0), 0);
      return say(`basket.want.${had > 0 ? "few" : line.problem}`, { name: nameOf(line), left: had });
    });
    const prices = lines.filter((line) => line.was_minor !== null).map((line) => this.#priceWords(line));
    byId("basket-fix").hidden = isWhole || isOpen;
    showTexts(byId("basket-wants"), words);
    byId("fit").textContent = say(left > 0 ? "basket.fit" : "basket.fit_none");
    byId("basket-prices").hidden = prices.length === 0 || isOpen;
    showTexts(byId("basket-prices"), prices);
  }

  /** @param {PricedLine} line */
  #priceWords(line) {
    const [now, was] = [line.item?.price_minor ?? 0, line.was_minor ?? 0].map((price) => money(price, this.#currency));
    return say("basket.price_changed", { name: nameOf(line), now, was });
  }

  /** @param {Priced} priced @param {{isSending: boolean, isOpen: boolean, isPaused: boolean}} state */
  #showButton({ left, isWhole, total_minor }, { isSending, isOpen, isPaused }) {
    const button = byId("order");
    const total = money(total_minor, this.#currency);
    // An attempt without an answer is asked for again whatever the menu says by now.
    button.disabled = isSending || !(isOpen || (left > 0 && !isPaused));
    button.ariaBusy = String(isSending);
    if (isSending) button.textContent = say("basket.sending");
    else if (isOpen) button.textContent = say("basket.again");
    else button.textContent = say(isWhole || left === 0 ? "basket.order" : "basket.order_rest", { total });
  }

  /** On a phone the basket is below the menu, and this leads there. @param {Priced} priced @param {boolean} isOpen */
  #showLink({ pieces, isWhole, total_minor }, isOpen) {
    const link = byId("basket-link");
    const total = money(total_minor, this.#currency);
    const word = isOpen ? "basket.show_open" : isWhole ? "basket.show" : "basket.show_wants";
    tell(link, pieces > 0 ? say(word, { pieces, total }) : "");
    link.dataset.kind = isWhole && !isOpen ? "" : "attention";
  }
}

/** @param {PricedLine} line */
function nameOf(line) {
  return line.item?.name ?? line.name ?? say("basket.unknown_item");
}

/** Texts one below the other; announced when they change, not each time they are shown.
 * @param {HTMLElement} where @param {string[]} texts */
function showTexts(where, texts) {
  showList(where, texts, { key: (text) => text, mark: () => "", make: (text) => element("p", {}, text) });
}
