// @ts-check
/** Ordering once more what was ordered before: the basket is filled with what can still be had, and the rest is named. */

import { path, Problem } from "./api.js";
import * as baskets from "./basket.js";
import { device, tab } from "./kept.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */

const NEWS = "orderflow.again";

/**
 * Fill the basket of the order's shop from it, and go there.
 * @param {import("./api.js").Api} api
 * @param {Order} order
 * @throws {Problem}
 */
export async function orderAgain(api, { shop, lines, pickup_name }) {
  const { data } = await api.get(path`/v1/shops/${shop.id}/items`);
  const items = new Map(data.map((/** @type {import("./store.js").Item} */ item) => [item.id, item]));
  const key = baskets.storageKey(shop.id);
  const kept = baskets.parse(device.getItem(key));
  // What waits for an answer is not touched; the menu says so.
  if (!kept.attempt) {
    const { basket, missing } = baskets.again(kept, lines, items);
    device.setItem(key, JSON.stringify({ ...basket, pickup_name: basket.pickup_name || (pickup_name ?? "") }));
    if (device.isForgetful) throw new Problem("not_kept", 0);
    tab.setItem(NEWS, JSON.stringify({ isEmpty: missing.length === lines.length, missing }));
  }
  location.assign(path`/shops/${shop.slug}` + "#basket");
}

/**
 * What the menu has to say of a basket that was just filled so, "" otherwise; told once.
 * @returns {string}
 */
export function takeAgain() {
  const left = tab.getItem(NEWS);
  tab.removeItem(NEWS);
  if (!left) return "";
  const { isEmpty, missing } = JSON.parse(left);
  if (missing.length === 0) return say("again.all");
  const names = [...new Set(missing.map((/** @type {{name: string}} */ { name }) => name))].join(", ");
  return say(isEmpty ? "again.none" : "again.missing", { names });
}
