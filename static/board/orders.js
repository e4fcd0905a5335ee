// @ts-check
/** My orders, live; older ones page by page. */

import { Alerts } from "./alerts.js";
import { Api, path } from "./api.js";
import { mark } from "./card.js";
import { byId, element, showList, tell } from "./element.js";
import { dayAndTime, dayIfOther, money, timeOfDay } from "./format.js";
import { inTheEnd, later } from "./later.js";
import { since } from "./lifecycle.js";
import { Live } from "./live.js";
import { masthead } from "./masthead.js";
import { orderAgain } from "./order-again.js";
import { Session } from "./session.js";
import { activeOrders, finishedOrders } from "./store.js";
import { showMostUrgent } from "./tab.js";
import { track } from "./track.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */

const session = new Session();
const api = new Api(session);
const main = byId("main");
const gate = later(() => import("./gate.js"));
const alerts = new Alerts(byId("alerts"));
/** @type {Map<string, Order>} finished orders that the API listed */
const older = new Map();
/** @type {string | null | undefined} undefined: not asked yet */
let cursor;

const live = new Live({
  path: "/ws/customers/me",
  session,
  light: byId("light"),
  main,
  show,
  stopped: async (reason) => reason === "signed_out" && (await inTheEnd(gate)).askInPage(main, session, say("account.to_see_orders")),
});

function show() {
  if (live.feed.phase === "stopped" || !live.hasBegun) return;
  if (cursor === undefined) loadOlder();
  const active = /** @type {Order[]} */ (activeOrders(live.state)).reverse();
  const finished = merged();
  byId("active-title").hidden = active.length === 0;
  byId("finished-title").hidden = finished.length === 0;
  const isNone = cursor === null && active.length + finished.length === 0;
  tell(byId("none"), isNone ? say("orders.none") : "");
  byId("find").hidden = !isNone;
  showMostUrgent(say("orders.title"), active);
  alerts.see(live.state.orders.values());
  alerts.offer(active.some(({ status }) => status !== "ready"));
  showList(byId("active"), active, { key: idOf, mark: versionOf, make: activeCard });
  showList(byId("finished"), finished, { key: idOf, mark: versionOf, make: finishedRow });
  byId("older").hidden = !cursor;
}

/** The finished orders of the feed and of the list; the feed knows better. @returns {Order[]} */
function merged() {
  const found = new Map(older);
  for (const order of finishedOrders(live.state)) found.set(order.id, order);
  for (const order of activeOrders(live.state)) found.delete(order.id);
  return [...found.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

async function loadOlder() {
  const after = cursor ? path`&cursor=${cursor}` : "";
  cursor ??= null;
  try {
    const page = await api.get(`/v1/orders?limit=20${after}`);
    for (const order of page.data) if (order.picked_up_at || order.cancelled_at) older.set(order.id, order);
    cursor = page.next_cursor;
    tell(byId("problem"), "");
  } catch (problem) {
    tell(byId("problem"), refusal(problem));
  }
  show();
}

/** @param {Order} order */
function activeCard(order) {
  return element(
    "li",
    { className: "card order-card", data: { order: order.id, status: order.status } },
    element("a", { className: "card-link", href: path`/orders/${order.id}` }, heading(order)),
    element(
      "p",
      { className: "order-word" },
      say(`order.word.${order.status}`),
      element("span", { className: "hint" }, say("order.since", { time: timeOfDay(since(order)) })),
    ),
    track(order),
  );
}

/** @param {Order} order */
function finishedRow(order) {
  return element(
    "li",
    { className: "order-row", data: { order: order.id, status: order.status } },
    element("a", { className: "card-link", href: path`/orders/${order.id}` }, heading(order)),
    mark(order.status),
    element("time", { dateTime: order.placed_at }, dayAndTime(order.placed_at)),
    element("span", { className: "amount" }, money(order.total_minor, order.currency)),
    element("button", { type: "button", data: { act: "again", focus: "again" }, on: { click: () => again(order) } }, say("order.again")),
  );
}

/** @param {Order} order */
function heading(order) {
  return element(
    "span",
    { className: "order-heading" },
    element("span", { className: "number" }, String(order.number)),
    element("span", { dir: "auto" }, order.shop.name),
    // Numbers begin anew each day: one of yesterday must not be taken for one of today.
    element("span", { className: "hint order-day" }, dayIfOther(order.business_day)),
  );
}

/** @param {Order} order */
async function again(order) {
  tell(byId("problem"), "");
  try {
    await orderAgain(api, order);
  } catch (problem) {
    tell(byId("problem"), refusal(problem));
  }
}

/** @param {Order} order */
function idOf(order) {
  return order.id;
}

/** @param {Order} order */
function versionOf(order) {
  return String(order.version);
}

async function begin() {
  const showWho = masthead(session);
  await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  byId("older").addEventListener("click", loadOlder);
  live.start();
}

begin();
