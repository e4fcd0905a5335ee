// @ts-check
/** The parts of the managing page that are fetched when somebody turns to one: a phone waits for all that comes first. */

import { fetched } from "./http.js";

/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{show?: (shop: Shop) => void, turned?: (part: string) => void, hear?: (frame: any) => void, isDirty?: boolean}} Panel */
/** @typedef {{api: import("./api.js").Api, live: import("./live.js").Live, toast: import("./toast.js").Toast, shop: string,
 *   persist: <T>(step: () => Promise<T>) => Promise<T>}} Given */

/** @type {Record<string, () => Promise<any>>} */
const MODULES = {
  orders: () => import("./manage-orders.js"),
  screens: () => import("./manage-screens.js"),
  shop: () => import("./manage-shop.js"),
  staff: () => import("./manage-staff.js"),
  // Not a part, but wanted at the first press of Edit.
  editor: () => import("./manage-item-editor.js"),
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
// By then the page stands; what is fetched now is there when the network is not.
const REST_AFTER_MS = 4_000;

export class LaterParts {
  #given;
  /** @type {Map<string, Panel>} */
  #panels = new Map();
  /** @type {Shop | null} */
  #shop = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    setTimeout(() => Object.values(MODULES).forEach((load) => load().catch(() => {})), REST_AFTER_MS);
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
    const module = await this.#given.persist(() => fetched(MODULES[part]));
    if (this.#panels.has(part)) return;
    const panel = PANELS[part](module, this.#given);
    this.#panels.set(part, panel);
    if (this.#shop) panel.show?.(this.#shop);
    panel.turned?.(part);
  }
}
