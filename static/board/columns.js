// @ts-check
/** The three columns of the counter board: which cards stand where, how old they are, and where the focus is. */

import { orderCard } from "./card.js";
import { byId, element, showList, tell } from "./element.js";
import { isFound } from "./find.js";
import { duration } from "./format.js";
import { glide, isStill } from "./glide.js";
import { linesAt } from "./stations.js";
import { ACTIVE } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Line} Line */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {import("./card.js").Acts} Acts */
/**
 * @typedef {object} View
 * @property {import("./stations.js").Stations} at
 * @property {import("./store.js").State} state
 * @property {string} wanted what somebody looks for
 * @property {(order: Order) => boolean} isWaiting
 */

const MINUTE_MS = 60_000;
// A second tap within this time, where the first one was, was meant for the card that has just gone.
const TWICE_MS = 400;
const SAME_PLACE_PX = 24;
// What shifts the edge of a column, or the cards above it. None of these bubbles.
const SHIFTS = ["scroll", "resize", "contentvisibilityautostatechange"];
// So little of a card may be cut off before it counts as one that is not seen.
const CUT_PX = 8;

export class Columns {
  /** @type {Order[]} those that are shown, the oldest first */
  shown = [];
  /** @type {Record<string, number>} */
  counts = {};
  #acts;
  #place = byId("columns");
  /** @type {{at: number, x: number, y: number} | null} */
  #tapped = null;
  #isPlanned = false;

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
    this.#place.addEventListener("click", (/** @type {MouseEvent} */ event) => this.#guard(event), { capture: true });
    for (const status of ACTIVE) byId(`column-${status}`).after(this.#below(byId(`column-${status}`)));
    for (const shift of SHIFTS) addEventListener(shift, () => this.#plan(), { capture: true, passive: true });
  }

  /** @param {Order[]} orders @param {View} view */
  show(orders, view) {
    const { at, state, wanted } = view;
    const here = orders.map((order) => ({ order, lines: linesAt(order, at, state.items) }));
    const cards = here.filter(({ order, lines }) => lines.length > 0 && (!wanted || isFound(order, wanted)));
    this.shown = cards.map(({ order }) => order);
    glide(this.#place, () => {
      for (const status of /** @type {Status[]} */ (ACTIVE)) {
        this.#showColumn(status, cards.filter(({ order }) => order.status === status), view);
      }
    });
    this.#plan();
  }

  /** Measured when the browser lays out the page anyway. */
  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      for (const below of this.#place.querySelectorAll(".below")) {
        const count = cutOff(below.previousElementSibling).length;
        const text = count > 0 ? say("board.below", { count }) : "";
        if (below.textContent !== text) below.textContent = text;
      }
    });
  }

  /** How many more there are than can be seen, on the edge that hides them. @param {HTMLElement} list */
  #below(list) {
    const scroll = () => {
      const top = cutOff(list)[0]?.offsetTop - list.offsetTop;
      // A card that is higher than its column is read in parts.
      const isAhead = top > list.scrollTop + CUT_PX;
      list.scrollTo({ top: isAhead ? top : list.scrollTop + list.clientHeight / 2, behavior: isStill() ? "auto" : "smooth" });
    };
    return element("button", { type: "button", className: "below", tabIndex: -1, on: { click: scroll } });
  }

  /** @param {Status} status @param {{order: Order, lines: Line[]}[]} cards @param {View} view */
  #showColumn(status, cards, { isWaiting, wanted }) {
    this.counts[status] = cards.length;
    const count = String(cards.length);
    if (byId(`count-${status}`).textContent !== count) byId(`count-${status}`).textContent = count;
    tell(byId(`none-${status}`), cards.length === 0 ? say(wanted ? "board.none_found" : `board.none.${status}`) : "");
    showList(byId(`column-${status}`), cards, {
      key: ({ order }) => order.id,
      mark: ({ order, lines }) => `${order.version}/${order.status}/${isWaiting(order)}/${lines.length}`,
      make: ({ order, lines }) => orderCard(order, { lines, isWaiting: isWaiting(order), acts: this.#acts }),
    });
  }

  /** @param {number} nowMs @param {import("./store.js").Shop | null} shop */
  showAges(nowMs, shop) {
    const [warmMs, hotMs] = [(shop?.warm_minutes ?? 5) * MINUTE_MS, (shop?.hot_minutes ?? 10) * MINUTE_MS];
    for (const age of this.#place.querySelectorAll("[data-since]")) {
      const ms = nowMs - Date.parse(age.dataset.since);
      const text = duration(ms);
      if (age.textContent !== text) age.textContent = text;
      const card = age.closest(".card");
      const step = card.dataset.status === "ready" || ms < warmMs ? "fresh" : ms < hotMs ? "warm" : "hot";
      if (card.dataset.age === step) continue;
      card.dataset.age = step;
      age.title = step === "fresh" ? "" : say(`board.age.${step}`);
    }
  }

  /** @param {Order} order */
  holdsFocus(order) {
    return this.#card(order.id)?.contains(document.activeElement) ?? false;
  }

  /** @param {Status} status */
  focus(status) {
    byId(`column-${status}`).focus({ preventScroll: true });
  }

  /** Put the focus on an order, so that Enter moves it. @param {Order} order */
  pick(order) {
    this.#reveal(order.status);
    this.#focusOn(this.#card(order.id));
  }

  /** Step from the card with the focus to another one. @param {number} across columns @param {number} along cards */
  step(across, along) {
    const lists = ACTIVE.map((status) => [...byId(`column-${status}`).children]);
    const now = document.activeElement?.closest(".column");
    const from = Math.max(0, ACTIVE.indexOf(/** @type {any} */ (now)?.dataset.status));
    const index = lists[from].findIndex((card) => card.contains(document.activeElement));
    let column = from + across;
    while (across !== 0 && lists[column]?.length === 0) column += across;
    const list = lists[column] ?? [];
    this.#focusOn(list[Math.min(Math.max(index + along, 0), list.length - 1)]);
  }

  /** Show which order a move was refused for. @param {string} id */
  shake(id) {
    const card = this.#card(id);
    if (!card) return;
    card.dataset.refused = "true";
    setTimeout(() => delete card.dataset.refused, 5_000);
  }

  /** On a phone one column is shown at a time. @param {Status} status */
  #reveal(status) {
    this.#place.dataset.shown = status;
  }

  /** @param {string} id */
  #card(id) {
    return /** @type {HTMLElement | null} */ (this.#place.querySelector(`.card[data-order="${CSS.escape(id)}"]`));
  }

  /** @param {Element | null | undefined} card */
  #focusOn(card) {
    const button = /** @type {HTMLElement | null | undefined} */ (card?.querySelector("[data-act=move]"));
    button?.focus({ preventScroll: true });
    card?.scrollIntoView({ block: "nearest" });
  }

  /** @param {MouseEvent} event */
  #guard(event) {
    const isPointer = event.detail > 0;
    if (!isPointer || !/** @type {Element} */ (event.target).closest("[data-act=move]")) return;
    const { timeStamp: at, clientX: x, clientY: y } = event;
    const before = this.#tapped;
    this.#tapped = { at, x, y };
    if (before && at - before.at < TWICE_MS && Math.hypot(x - before.x, y - before.y) < SAME_PLACE_PX) event.stopPropagation();
  }
}

/** The cards that end below the edge of their list, or below what tells of them there. @param {HTMLElement} list */
function cutOff({ children, offsetTop, scrollTop, clientHeight, nextElementSibling: below }) {
  const cards = /** @type {HTMLElement[]} */ ([...children]);
  const edge = offsetTop + scrollTop + clientHeight + CUT_PX;
  const endBelow = (/** @type {number} */ y) => cards.filter((card) => card.offsetTop + card.offsetHeight > y);
  return endBelow(edge).length > 0 ? endBelow(edge - /** @type {HTMLElement} */ (below).offsetHeight) : [];
}
