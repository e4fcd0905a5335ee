// @ts-check
/** What a tab in the background shows of orders: the most urgent one in its title, where it stands in its icon. */

import { entitle } from "./masthead.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */

// What one has to get up for comes first.
const URGENT = ["ready", "preparing", "pending"];
const DRAWN = [...URGENT, "cancelled"];

/**
 * Name the page after one order.
 * @param {string} heading
 * @param {Order} order
 */
export function showInTab(heading, { status, number, shop }) {
  entitle(heading, say("order.title", { status: say(`step.${status}`), number, shop: shop.name }));
  /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]")).href = iconOf(status);
}

/**
 * Name the page after the most urgent of its orders, or itself when there is none.
 * @param {string} heading
 * @param {Order[]} orders those that are under way
 */
export function showMostUrgent(heading, orders) {
  const [first] = URGENT.flatMap((status) => orders.filter((order) => order.status === status));
  if (first) return showInTab(heading, first);
  entitle(heading);
  /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]")).href = iconOf("");
}

/** A data: URL would not pass the policy of these pages. @param {string} status */
function iconOf(status) {
  return DRAWN.includes(status) ? `/static/board/icon-${status}.svg` : "/static/board/icon.svg";
}
