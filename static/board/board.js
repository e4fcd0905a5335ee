// @ts-check
/** The counter board: the orders of a shop in three columns, live. */

import { addressed, Api, path } from "./api.js";
import { listenToKeys } from "./board-keys.js";
import { Tools } from "./board-tools.js";
import { UndoOffers } from "./board-undo.js";
import { Columns } from "./columns.js";
import { counterAlarm } from "./counter.js";
import { byId, element, tell } from "./element.js";
import { device, tab } from "./kept.js";
import { inTheEnd, later } from "./later.js";
import { recallTo } from "./lifecycle.js";
import { Live } from "./live.js";
import { entitle, masthead } from "./masthead.js";
import { Moves } from "./moves.js";
import { Session } from "./session.js";
import { RECALL_MS } from "./settings.js";
import { RENEW_MS, Shelf } from "./shelf.js";
import { stations } from "./stations.js";
import { activeOrders, finishedOrders } from "./store.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {import("./taps.js").Tap} Tap */

const session = new Session();
const api = new Api(session);
const slug = addressed();
const main = byId("main");
const gate = later(() => import("./gate.js"));
const sides = later(() => import("./sides.js"));
const menu = later(() => import("./board-menu.js"));
const keys = later(() => import("./board-help.js"));
const alarm = counterAlarm(byId("screen-tools"), notice);
let isDoneLoaded = false;

const live = new Live({
  path: path`/ws/shops/${slug}`,
  session,
  light: byId("light"),
  main,
  show,
  stopped,
  turned: (level) => alarm.turned(level),
  heard: ({ type }) => type !== "order" && moves.isHeld && moves.resume(),
});
const moves = new Moves({
  send: ({ order, to, reason, version }) => {
    if (to === "cancelled") alarm.cancels({ id: order, version });
    return api.call("PATCH", path`/v1/orders/${order}`, { body: reason ? { status: to, reason } : { status: to }, headers: { "If-Match": `"${version}"` } });
  },
  now: () => live.serverNow(),
  changed: show,
  confirmed: (order) => live.merge("order", order),
  refused: complain,
});
const acts = { move, more };
const columns = new Columns(acts);
const undo = new UndoOffers(byId("tools"), takeBack);
const tools = new Tools(byId("tools"), byId("tabs"), { changed: show, help });

function show() {
  if (live.feed.phase === "stopped" || !live.hasBegun) return;
  alarm.see(live.state);
  if (!isDoneLoaded) loadDone();
  const state = { ...live.state, orders: moves.shown(live.state.orders) };
  if (state.shop) entitle(state.shop.name, say("board.title", { shop: state.shop.name }));
  tell(byId("paused"), state.shop?.ordering === "paused" ? say("board.paused") : "");
  tell(byId("waiting"), moves.isHeld ? say(device.isForgetful ? "board.waits_here" : "board.waits", { count: moves.taps.length }) : "");
  const active = /** @type {Order[]} */ (activeOrders(state));
  const done = finishedOrders(state).filter((order) => recall(order) || moves.isWaiting(order));
  const at = stations(state, tools.address);
  columns.show(active, { at, state, wanted: tools.wanted, isWaiting: (order) => moves.isWaiting(order) });
  if (tools.address.has("side")) showSides(active, done, at, state);
  tools.show(at, { done: done.length, columns: columns.counts });
  showAges();
}

/** @param {Order[]} active @param {Order[]} done @param {import("./stations.js").Stations} at @param {import("./store.js").State} state */
async function showSides(active, done, at, state) {
  const { showAllDay, showDone } = await inTheEnd(sides);
  showAllDay(active, at, state);
  showDone(done, { recall, isWaiting: (order) => moves.isWaiting(order), acts });
}

/** @param {Order} order */
function recall(order) {
  return recallTo(order, live.serverNow(), RECALL_MS);
}

function showAges() {
  columns.showAges(live.serverNow(), live.state.shop);
}

/** @param {Order} order @param {Status} to @param {string | null} [reason] */
function move(order, to, reason = null) {
  const hadFocus = columns.holdsFocus(order);
  undo.offer(moves.move(order, to, reason));
  // The focus stays where the person works, and on nothing that a second stroke of the key could move.
  if (hadFocus) columns.focus(order.status);
}

/** @param {Order} order */
async function more(order) {
  try {
    const { askWhatElse } = await menu();
    const answer = await askWhatElse(order, recall(order));
    if (answer) move(order, answer.to, answer.reason);
  } catch (problem) {
    notice(refusal(problem));
  }
}

function help() {
  keys().then(({ showKeys }) => showKeys()).catch((problem) => notice(refusal(problem)));
}

/** @param {Tap} tap */
function takeBack(tap) {
  const order = moves.shown(live.state.orders).get(tap.order);
  if (!moves.undo(tap, order)) notice(say("board.moved_meanwhile", { number: tap.number }));
}

/** @param {Tap} tap @param {any} problem @param {number} lost */
async function complain(tap, problem, lost) {
  const { order: id, number } = tap;
  undo.withdraw(id);
  const isOld = problem.code === "version_mismatch";
  const why = isOld ? say("board.moved_meanwhile", { number }) : say("board.refused", { number, why: refusal(problem) });
  const dropped = lost > 0 && say("board.lost", { number });
  if (!noticeOf("cancelled", id)) notice([why, dropped].filter(Boolean).join(" "), { unmoved: id });
  columns.shake(id);
  if (problem.status !== 409 && !isOld) return;
  const now = await api.get(path`/v1/orders/${id}`).catch(() => null);
  if (now) live.merge("order", now);
}

/** @param {string} text @param {{cancelled?: string, unmoved?: string}} [about] an order, and what became of it */
function notice(text, about = {}) {
  // That an order was cancelled, and why, says all that its refused move would.
  if (about.cancelled) noticeOf("unmoved", about.cancelled)?.remove();
  const row = element("p", { className: "notice", data: about }, element("span", {}, text));
  row.append(element("button", { type: "button", className: "quiet", on: { click: () => row.remove() } }, say("board.dismiss")));
  byId("notices").prepend(row);
  return row;
}

/** @param {"cancelled" | "unmoved"} kind @param {string} id of an order */
function noticeOf(kind, id) {
  return byId("notices").querySelector(`[data-${kind}="${CSS.escape(id)}"]`);
}

/** What was done before this page was opened can be taken back too. */
async function loadDone() {
  isDoneLoaded = true;
  try {
    for (const status of ["picked_up", "cancelled"]) {
      const { data } = await api.get(path`/v1/shops/${slug}/orders?status=${status}&limit=100`);
      const isLate = (/** @type {Order} */ order) => live.serverNow() - Date.parse(order.updated_at) < RECALL_MS;
      for (const order of data.filter(isLate)) live.merge("order", order);
    }
  } catch {
    setTimeout(() => (isDoneLoaded = false), RENEW_MS);
  }
}

/** @param {string} reason */
async function stopped(reason) {
  const { askInPage, noSuchShop, turnAway } = await inTheEnd(gate);
  if (reason === "unknown") noSuchShop(main);
  else if (reason === "forbidden") turnAway(main, session, await shopName());
  else if (reason === "signed_out") askInPage(main, session, say("account.to_board"));
}

async function shopName() {
  const shop = live.state.shop ?? (await api.get(path`/v1/shops/${slug}`).catch(() => null));
  return shop?.name ?? slug;
}

/** Taps that this person made here and that have not been sent, from before a reload or a night without power. */
function restoreTaps() {
  if (session.user) moves.restore(new Shelf(device, `orderflow.taps.${slug}.${session.user.id}`, tab));
}

async function begin() {
  const showWho = masthead(session, { href: path`/shops/${slug}/manage`, text: say("link.manage") });
  await session.start();
  // What comes of it comes later than all that stands here.
  live.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  restoreTaps();
  listenToKeys({
    orders: () => columns.shown,
    undo: () => undo.takeLast(),
    find: () => tools.find(),
    clear: () => tools.clear(),
    help,
    pick: (order) => columns.pick(order),
    step: (across, along) => columns.step(across, along),
  });
}

addEventListener("online", () => moves.resume());
setInterval(showAges, 1000);
setInterval(show, 30_000);
setInterval(() => moves.keep(), RENEW_MS);
begin();
