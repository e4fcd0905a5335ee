// @ts-check
/** One order, live: where it stands, what is in it, and what has happened to it. */

import { Alerts } from "./alerts.js";
import { addressed, Api, path } from "./api.js";
import { pause } from "./backoff.js";
import { mark } from "./card.js";
import { byId, element, tell } from "./element.js";
import { dayAndTime, dayIfOther, money, timeOfDay } from "./format.js";
import { inTheEnd, later } from "./later.js";
import { isBack, since } from "./lifecycle.js";
import { Live } from "./live.js";
import { masthead } from "./masthead.js";
import { orderAgain } from "./order-again.js";
import { Session } from "./session.js";
import { ACTIVE } from "./store.js";
import { showInTab } from "./tab.js";
import { track } from "./track.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */

const session = new Session();
const api = new Api(session);
const main = byId("main");
const id = addressed();
/** @type {Live | undefined} */
let live;
/** @type {Order} */
let order;
let shownVersion = 0;
const gate = later(() => import("./gate.js"));
const question = later(() => import("./cancel.js"));
const alerts = new Alerts(byId("alerts"));

/** @param {Order} found */
function show(found) {
  if (found.version <= shownVersion) return;
  order = found;
  shownVersion = found.version;
  main.hidden = false;
  byId("looking").hidden = true;
  showInTab(found.shop.name, found);
  alerts.see([found]);
  showStanding();
  showContent();
  loadHistory();
}

function showStanding() {
  byId("number").textContent = String(order.number);
  tell(byId("day"), dayIfOther(order.business_day));
  byId("standing").dataset.status = order.status;
  byId("word").textContent = standingWord();
  const time = [dayIfOther(since(order)), timeOfDay(since(order))].filter(Boolean).join(" ");
  byId("since").textContent = ACTIVE.includes(order.status) ? say("order.since", { time }) : time;
  byId("track").replaceChildren(order.status === "cancelled" ? mark("cancelled") : track(order));
  byId("cancel").hidden = !(order.status === "pending" && isMine());
  byId("again").hidden = ACTIVE.includes(order.status) || !isMine();
  alerts.offer(order.status === "pending" || order.status === "preparing");
}

function standingWord() {
  if (order.status !== "cancelled") return say(`order.word.${order.status}`);
  if (order.cancelled_by === "customer" && !isMine()) return say("order.word.cancelled");
  return say(`order.cancelled_by.${order.cancelled_by}`, { reason: order.reason ?? "" });
}

function showContent() {
  const shop = byId("shop");
  shop.href = path`/shops/${order.shop.slug}`;
  shop.textContent = order.shop.name;
  byId("placed").textContent = say("order.placed", { time: dayAndTime(order.placed_at) });
  byId("lines").replaceChildren(...order.lines.map(line));
  byId("total").textContent = money(order.total_minor, order.currency);
  tell(byId("pay"), isOwed() ? say("order.pay") : "");
  tell(byId("note"), order.note ?? "");
  tell(byId("called"), order.pickup_name ? say("order.called", { name: order.pickup_name }) : "");
}

/** @param {import("./store.js").Line} given */
function line({ quantity, name, amount_minor, note }) {
  return element(
    "li",
    {},
    element("span", { className: "quantity" }, `${quantity}×`),
    element("span", { className: "line-name", dir: "auto" }, name),
    element("span", { className: "amount" }, money(amount_minor, order.currency)),
    note && element("span", { className: "note", dir: "auto" }, note),
  );
}

async function loadHistory() {
  const version = shownVersion;
  const found = await patiently(() => api.get(path`/v1/orders/${id}/events`), () => version === shownVersion);
  if (found && version === shownVersion) byId("history").replaceChildren(...found.data.map(happening));
}

/** @param {{from: Status | null, to: Status, at: string, by: string, reason: string | null}} given */
function happening({ from, to, at, by, reason }) {
  const word = say(`step.${to}`);
  return element(
    "li",
    {},
    element("time", { dateTime: at }, timeOfDay(at)),
    mark(to, from && isBack(from, to) ? say("move.recall", { status: word }) : word),
    element("span", { className: "by" }, say(by === "customer" && isMine() ? "by.you" : `by.${by}`)),
    reason && element("span", { className: "note", dir: "auto" }, reason),
  );
}

async function cancel() {
  tell(byId("problem"), "");
  try {
    const answer = await (await question()).askToCancel(order, false);
    if (!answer) return;
    const body = answer.reason ? { status: "cancelled", reason: answer.reason } : { status: "cancelled" };
    show(await api.call("PATCH", path`/v1/orders/${id}`, { body }));
  } catch (/** @type {any} */ problem) {
    tell(byId("problem"), problem.code === "invalid_transition" ? say("order.too_late") : refusal(problem));
  }
}

async function again() {
  tell(byId("problem"), "");
  try {
    await orderAgain(api, order);
  } catch (problem) {
    tell(byId("problem"), refusal(problem));
  }
}

/** Whether something is left to be paid: nothing is paid here. */
function isOwed() {
  return order.total_minor > 0 && ACTIVE.includes(order.status);
}

function isMine() {
  return order.customer.id === session.user?.id;
}

/** Ask until there is an answer, null for a refusal. @param {() => Promise<any>} ask @param {() => boolean} [isWanted] */
async function patiently(ask, isWanted = () => true) {
  for (let attempt = 0; isWanted(); attempt += 1) {
    try {
      return await ask();
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen) return null;
      await pause(attempt);
    }
  }
  return null;
}

function follow() {
  live = new Live({
    // Those who work at the shop see the orders of others too, which are not in their own feed.
    path: isMine() ? "/ws/customers/me" : path`/ws/shops/${order.shop.id}`,
    session,
    light: byId("light"),
    main,
    show: (state) => state.orders.has(id) && show(state.orders.get(id)),
    stopped: (reason) => reason === "signed_out" && ask(),
  });
  live.start();
}

async function ask() {
  (await inTheEnd(gate)).askInPage(main, session, say("account.to_see_orders"));
}

/** @param {() => Promise<void>} put */
async function instead(put) {
  await put();
  main.hidden = false;
  byId("looking").hidden = true;
}

async function begin() {
  const showWho = masthead(session);
  const user = await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  if (!user) return instead(ask);
  const found = await patiently(() => api.get(path`/v1/orders/${id}`));
  if (!found) return instead(async () => (await inTheEnd(gate)).noSuchOrder(main));
  order = found;
  // What comes of it comes later than all that stands here.
  follow();
  show(found);
  byId("cancel").addEventListener("click", cancel);
  byId("again").addEventListener("click", again);
}

begin();
