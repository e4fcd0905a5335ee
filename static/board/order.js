// @ts-check
/** One order, live: where it stands, what is in it, and what has happened to it. */

import { Api, path } from "./api.js";
import { pause } from "./backoff.js";
import { askToCancel } from "./cancel.js";
import { mark } from "./card.js";
import { byId, element, tell } from "./element.js";
import { dayAndTime, money, timeOfDay } from "./format.js";
import { addressed, askInPage, noSuchOrder } from "./gate.js";
import { since } from "./lifecycle.js";
import { Live } from "./live.js";
import { entitle, masthead } from "./masthead.js";
import { Session } from "./session.js";
import { ACTIVE } from "./store.js";
import { track } from "./track.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */

const session = new Session();
const api = new Api(session);
const main = byId("main");
const id = addressed();
/** @type {Live | undefined} */
let live;
/** @type {Order} */
let order;
let shownVersion = 0;

/** @param {Order} found */
function show(found) {
  if (found.version <= shownVersion) return;
  order = found;
  shownVersion = found.version;
  main.hidden = false;
  entitle(found.shop.name, `${say("order.title", { number: found.number })}: ${say(`status.${found.status}`)}`);
  showStanding();
  showContent();
  loadHistory();
}

function showStanding() {
  byId("number").textContent = String(order.number);
  byId("standing").dataset.status = order.status;
  byId("word").textContent = standingWord();
  byId("since").textContent = say("order.since", { time: timeOfDay(since(order)) });
  byId("track").replaceChildren(order.status === "cancelled" ? mark("cancelled") : track(order));
  byId("cancel").hidden = !(order.status === "pending" && isMine());
}

function standingWord() {
  if (order.status !== "cancelled") return say(`order.word.${order.status}`);
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
  const { data } = await api.get(path`/v1/orders/${id}/events`).catch(() => ({ data: [] }));
  if (data.length === 0) return;
  byId("history").replaceChildren(...data.map(happening));
}

/** @param {{to: import("./store.js").Status, at: string, by: string, reason: string | null}} given */
function happening({ to, at, by, reason }) {
  return element(
    "li",
    {},
    element("time", { dateTime: at }, timeOfDay(at)),
    mark(to, say(`step.${to}`)),
    element("span", { className: "by" }, say(`by.${by}`)),
    reason && element("span", { className: "note", dir: "auto" }, reason),
  );
}

async function cancel() {
  const answer = await askToCancel(order, false);
  if (!answer) return;
  tell(byId("problem"), "");
  const body = answer.reason ? { status: "cancelled", reason: answer.reason } : { status: "cancelled" };
  try {
    show(await api.call("PATCH", path`/v1/orders/${id}`, { body }));
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

/** The order of the address, however often it takes to get an answer. */
async function load() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await api.get(path`/v1/orders/${id}`);
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen) return null;
      await pause(attempt);
    }
  }
}

function follow() {
  live = new Live({
    // Those who work at the shop see the orders of others too, which are not in their own feed.
    path: isMine() ? "/ws/customers/me" : path`/ws/shops/${order.shop.id}`,
    session,
    light: byId("light"),
    main,
    show: (state) => state.orders.has(id) && show(state.orders.get(id)),
    stopped: (reason) => reason === "signed_out" && askInPage(main, session, say("account.to_see_orders")),
  });
  live.start();
}

async function begin() {
  const showWho = masthead(session);
  const user = await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  main.hidden = false;
  if (!user) return askInPage(main, session, say("account.to_see_orders"));
  const found = await load();
  if (!found) return noSuchOrder(main);
  show(found);
  byId("cancel").addEventListener("click", cancel);
  return follow();
}

begin();
