// @ts-check
/** The counter board: the orders of a shop in three columns, live. */

import { Api, path } from "./api.js";
import { askToCancel } from "./cancel.js";
import { doneRow, orderCard } from "./card.js";
import { byId, element, showList, tell } from "./element.js";
import { duration } from "./format.js";
import { addressed, askInPage, noSuchShop, turnAway } from "./gate.js";
import { recallTo } from "./lifecycle.js";
import { Live } from "./live.js";
import { entitle, masthead } from "./masthead.js";
import { Session } from "./session.js";
import { RECALL_MS } from "./settings.js";
import { ACTIVE, activeOrders, finishedOrders } from "./store.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */

const session = new Session();
const api = new Api(session);
const slug = addressed();
const main = byId("main");
// From here on an order that still waits for the shop stands out, and later more so.
const WARM_MS = 5 * 60_000;
const HOT_MS = 10 * 60_000;
/** @type {Set<string>} */
const busy = new Set();
const acts = { move, cancel };
let isDoneLoaded = false;

const live = new Live({
  path: path`/ws/shops/${slug}`,
  session,
  light: byId("light"),
  main,
  show,
  stopped,
});

function show() {
  if (live.feed.phase === "stopped" || !live.hasBegun) return;
  if (!isDoneLoaded) loadDone().catch(() => {});
  if (live.state.shop) entitle(live.state.shop.name, say("board.title", { shop: live.state.shop.name }));
  tell(byId("paused"), live.state.shop?.ordering === "paused" ? say("board.paused") : "");
  const orders = /** @type {Order[]} */ (activeOrders(live.state));
  for (const status of ACTIVE) showColumn(/** @type {Status} */ (status), orders.filter((order) => order.status === status));
  showDone(finishedOrders(live.state).filter((order) => recall(order)));
  showAges();
}

/** @param {Status} status @param {Order[]} orders */
function showColumn(status, orders) {
  byId(`count-${status}`).textContent = String(orders.length);
  tell(byId(`none-${status}`), orders.length === 0 ? say(`board.none.${status}`) : "");
  showList(byId(`column-${status}`), orders, {
    key: (order) => order.id,
    mark: markOf,
    make: (order) => orderCard(order, { recall: recall(order), isBusy: busy.has(order.id), acts }),
  });
}

/** @param {Order[]} orders */
function showDone(orders) {
  byId("count-done").textContent = String(orders.length);
  tell(byId("none-done"), orders.length === 0 ? say("board.none_done", { time: duration(RECALL_MS) }) : "");
  showList(byId("done"), orders, {
    key: (order) => order.id,
    mark: markOf,
    make: (order) => doneRow(order, recall(order), busy.has(order.id), acts),
  });
}

/** All that a card shows of an order can only change with these. @param {Order} order */
function markOf(order) {
  return `${order.version}/${busy.has(order.id)}/${recall(order)}`;
}

/** @param {Order} order */
function recall(order) {
  return recallTo(order, live.serverNow(), RECALL_MS);
}

function showAges() {
  for (const age of document.querySelectorAll("[data-since]")) {
    const { dataset } = /** @type {HTMLElement} */ (age);
    const ms = live.serverNow() - Date.parse(dataset.since ?? "");
    age.textContent = duration(ms);
    dataset.age = ms < WARM_MS ? "fresh" : ms < HOT_MS ? "warm" : "hot";
  }
}

/** @param {Order} order @param {Status} status @param {string | null} [reason] */
async function move(order, status, reason = null) {
  if (busy.has(order.id)) return;
  busy.add(order.id);
  show();
  try {
    const body = reason ? { status, reason } : { status };
    const headers = { "If-Match": `"${order.version}"` };
    live.merge("order", await api.call("PATCH", path`/v1/orders/${order.id}`, { body, headers }));
  } catch (problem) {
    await complain(order, problem);
  } finally {
    busy.delete(order.id);
    show();
  }
}

/** @param {Order} order */
async function cancel(order) {
  const answer = await askToCancel(order, true);
  if (answer) await move(order, "cancelled", answer.reason);
}

/** @param {Order} order @param {any} problem */
async function complain(order, problem) {
  const { number } = order;
  const isOld = problem.code === "version_mismatch";
  notice(isOld ? say("board.moved_meanwhile", { number }) : say("board.refused", { number, why: refusal(problem) }));
  if (problem.status !== 409 && !isOld) return;
  const now = await api.get(path`/v1/orders/${order.id}`).catch(() => null);
  if (now) live.merge("order", now);
}

/** @param {string} text */
function notice(text) {
  const row = element("p", { className: "notice" }, element("span", {}, text));
  row.append(element("button", { type: "button", className: "quiet", on: { click: () => row.remove() } }, say("board.dismiss")));
  byId("notices").append(row);
}

/** What was done before this page was opened can be taken back too. */
async function loadDone() {
  isDoneLoaded = true;
  for (const status of ["picked_up", "cancelled"]) {
    const { data } = await api.get(path`/v1/shops/${slug}/orders?status=${status}&limit=100`);
    const isLate = (/** @type {Order} */ order) => live.serverNow() - Date.parse(order.updated_at) < RECALL_MS;
    for (const order of data.filter(isLate)) live.merge("order", order);
  }
}

/** @param {string} reason */
async function stopped(reason) {
  if (reason === "unknown") noSuchShop(main);
  else if (reason === "forbidden") turnAway(main, session, await shopName());
  else if (reason === "signed_out") askInPage(main, session, say("account.to_board"));
}

async function shopName() {
  const shop = live.state.shop ?? (await api.get(path`/v1/shops/${slug}`).catch(() => null));
  return shop?.name ?? slug;
}

async function begin() {
  const showWho = masthead(session, { href: path`/shops/${slug}/manage`, text: say("link.manage") });
  await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  await live.start();
}

setInterval(showAges, 1000);
setInterval(show, 30_000);
begin();
