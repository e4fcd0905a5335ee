// @ts-check
/** The parts of the managing page, one shown at a time; all but the first come later, or when somebody turns to one. */

import { byId } from "./element.js";
import { later } from "./later.js";

/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{show?: (shop: Shop) => void, turned?: (part: string) => void, hear?: (frame: any) => void, isDirty?: boolean}} Panel */
/** @typedef {{api: import("./api.js").Api, live: import("./live.js").Live, toast: import("./toast.js").Toast, shop: string,
 *   persist: <T>(step: () => Promise<T>) => Promise<T>}} Given */

/** @type {Record<string, () => Promise<any>>} */
const MODULES = {
  orders: later(() => import("./manage-orders.js")),
  screens: later(() => import("./manage-screens.js")),
  shop: later(() => import("./manage-shop.js")),
  staff: later(() => import("./manage-staff.js")),
};
/** @type {Record<string, (module: any, given: Given) => Panel>} */
const PANELS = {
  orders: ({ OrdersPanel }, given) => new OrdersPanel(given),
  screens: ({ ScreensPanel }, given) => new ScreensPanel(given),
  shop: ({ ShopPanel }, given) => new ShopPanel(given),
  staff: ({ StaffPanel }, given) => {
    const panel = new StaffPanel(given);
    given.persist(() => panel.load());
    return panel;
  },
};

export class LaterParts {
  #given;
  /** @type {Map<string, Panel>} */
  #panels = new Map();
  /** @type {Shop | null} */
  #shop = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
  }

  get isDirty() {
    return [...this.#panels.values()].some((panel) => panel.isDirty);
  }

  /** @param {Shop} shop */
  show(shop) {
    this.#shop = shop;
    for (const panel of this.#panels.values()) panel.show?.(shop);
  }

  /** @param {any} frame */
  hear(frame) {
    for (const panel of this.#panels.values()) panel.hear?.(frame);
  }

  /** @param {string} part of the page that is shown now */
  async turned(part) {
    for (const panel of this.#panels.values()) panel.turned?.(part);
    if (!PANELS[part] || this.#panels.has(part)) return;
    const module = await this.#given.persist(MODULES[part]);
    if (this.#panels.has(part)) return;
    const panel = PANELS[part](module, this.#given);
    this.#panels.set(part, panel);
    if (this.#shop) panel.show?.(this.#shop);
    panel.turned?.(part);
  }
}

/**
 * Show the part that the address names, now and whenever it names another.
 * @param {(name: string) => void} [shown]
 */
export function showParts(shown = () => {}) {
  const links = /** @type {HTMLAnchorElement[]} */ ([...byId("parts").querySelectorAll("a:not([hidden])")]);
  const names = links.map((link) => link.hash.slice(1));
  const show = () => {
    const wanted = location.hash.slice(1);
    const chosen = names.includes(wanted) ? wanted : names[0];
    for (const link of links) {
      const isChosen = link.hash === `#${chosen}`;
      byId(`part-${link.hash.slice(1)}`).hidden = !isChosen;
      if (isChosen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    shown(chosen);
  };
  addEventListener("hashchange", show);
  show();
}
