// @ts-check
/** The pickup screen: numbers being prepared and ready, for everyone to see. */

import { path } from "./api.js";
import { byId, element, showList, tell } from "./element.js";
import { timeOfDay } from "./format.js";
import { addressed, noSuchShop } from "./gate.js";
import { Live } from "./live.js";
import { entitle } from "./masthead.js";
import { activeOrders } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Called} Called */

const main = byId("main");
// Up to so many numbers they are shown in this size; beyond the last one, small.
const SIZES = [
  { most: 4, size: "huge" },
  { most: 12, size: "large" },
  { most: 30, size: "medium" },
];

const live = new Live({
  path: path`/ws/shops/${addressed()}/pickup`,
  light: byId("light"),
  main,
  show,
  stopped: (reason) => reason === "unknown" && noSuchShop(main),
});

function show() {
  if (live.feed.phase === "stopped") return;
  if (live.state.shop) entitle(live.state.shop.name, say("pickup.title", { shop: live.state.shop.name }));
  const orders = /** @type {Called[]} */ (activeOrders(live.state));
  for (const status of ["preparing", "ready"]) showNumbers(status, orders.filter((order) => order.status === status));
}

/** @param {string} status @param {Called[]} orders */
function showNumbers(status, orders) {
  const list = byId(`numbers-${status}`);
  list.dataset.size = SIZES.find(({ most }) => orders.length <= most)?.size ?? "small";
  tell(byId(`none-${status}`), orders.length === 0 ? say(`pickup.none.${status}`) : "");
  showList(list, orders, {
    key: (order) => `${order.day}/${order.number}`,
    mark: () => status,
    make: (order) => element("li", { className: "number" }, String(order.number)),
  });
}

function showClock() {
  byId("clock").textContent = timeOfDay(new Date(live.serverNow()).toISOString());
}

setInterval(showClock, 1000);
showClock();
live.start();
