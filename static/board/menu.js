// @ts-check
/** The menu of a shop and the basket, live. */

import { addressed, Api, path } from "./api.js";
import * as baskets from "./basket.js";
import { BasketPanel } from "./basket-panel.js";
import { Checkout } from "./checkout.js";
import { byId, tell } from "./element.js";
import { device } from "./kept.js";
import { inTheEnd, later } from "./later.js";
import { Live } from "./live.js";
import { entitle, masthead } from "./masthead.js";
import { showMenu } from "./menu-list.js";
import { takeAgain } from "./order-again.js";
import { Session } from "./session.js";
import { soldItems } from "./store.js";
import { Toast } from "./toast.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./basket.js").Basket} Basket */
/** @typedef {import("./store.js").Item} Item */

const session = new Session();
const api = new Api(session);
const slug = addressed();
const main = byId("main");
const toast = new Toast();
const gate = later(() => import("./gate.js"));
let basket = baskets.empty();
/** @type {Map<string, number>} how many are left of what an order was refused for */
let limits = new Map();
let isTaken = false;
let hasComeBack = false;

const showWho = masthead(session);
const checkout = new Checkout({
  session,
  api,
  started: session.start().then(showWho),
  shop: () => live.state.shop?.id ?? slug,
  offer,
  change,
  show,
  placed,
  refused,
});
const panel = new BasketPanel({ change, put, fit: () => change(fitted()), order, giveUp });
const live = new Live({
  path: path`/ws/shops/${slug}/menu`,
  light: byId("light"),
  main,
  show,
  heard,
  stopped: (reason) => reason === "unknown" && isUnknown(),
});

function show() {
  const { shop, items } = live.state;
  if (live.feed.phase === "stopped" || !shop) return;
  if (!isTaken) takeBasket();
  showShop(shop);
  showMenu(soldItems(live.state), shop.currency ?? "", { pieces: (id) => baskets.quantity(basket, id), put, isLocked });
  panel.show({ basket, items, shop, limits, isSending: checkout.isSending, isWaiting: checkout.isWaiting });
}

/** @param {import("./store.js").Shop} shop */
function showShop(shop) {
  entitle(shop.name, say("menu.title", { shop: shop.name }));
  // An old name of the shop leads here too; the address shows the present one.
  if (shop.slug !== slug) history.replaceState(null, "", path`/shops/${shop.slug}` + location.hash);
  tell(byId("description"), shop.description ?? "");
  tell(byId("address"), [shop.address, shop.phone].filter(Boolean).join(" · "));
  tell(byId("paused"), shop.ordering === "paused" ? say("shop.paused") : "");
}

/** What has been sent and not answered stays as it is, so that it can be asked for again. */
function isLocked() {
  return checkout.isSending || basket.attempt !== null;
}

/** @param {{id: string, name: string}} item @param {number} pieces @param {number} [line] of the basket, not in all of them */
function put({ id, name }, pieces, line) {
  const before = basket;
  limits.delete(id);
  panel.complain("");
  change(line === undefined ? baskets.put(basket, id, pieces) : baskets.putLine(basket, line, pieces));
  if (pieces <= 0) toast.say(say("basket.taken_out", { name }), { act: say("basket.undo"), on: () => isLocked() || change(before) });
  else if (line === undefined && baskets.quantity(basket, id) < Math.min(pieces, baskets.MOST_PIECES)) toast.say(say("basket.full", { lines: baskets.MOST_LINES }));
  else toast.clear();
}

/** Take a change that the person made. @param {Basket} changed */
function change(changed) {
  basket = baskets.noted(changed, live.state.items);
  panel.seen();
  device.setItem(storageKey(), JSON.stringify(basket));
  show();
}

function fitted() {
  return baskets.fitted(basket, live.state.items, limits);
}

/** What would be ordered now, at what it costs. */
function offer() {
  const kept = baskets.parse(device.getItem(storageKey()));
  // Another tab may have sent this basket already, a moment ago.
  if (kept.attempt && !basket.attempt) basket = kept;
  const { total_minor } = baskets.priced(basket, live.state.items, limits);
  return { basket: basket.attempt ? basket : fitted(), total_minor };
}

function order() {
  panel.complain("");
  // Another tab may have ordered it meanwhile.
  if (basket.attempt || fitted().wishes.length > 0) checkout.order();
}

function giveUp() {
  checkout.isWaiting = false;
  change(baskets.refused(basket));
}

/** @param {import("./store.js").Order} order */
function placed(order) {
  limits = new Map();
  change(baskets.empty());
  location.assign(path`/orders/${order.id}`);
}

/** @param {import("./api.js").Problem} problem */
async function refused(problem) {
  const short = ["item_unavailable", "out_of_stock"].includes(problem.code);
  for (const { item_id, left = 0 } of short ? problem.content.items : []) limits.set(item_id, left);
  panel.complain(short ? say("basket.not_ordered") : refusal(problem));
  await reload();
}

/** @param {any} frame */
function heard(frame) {
  if (frame.type === "item") limits.delete(frame.item.id);
  if (frame.type !== "beat") hasComeBack ||= frame.type !== "item" && frame.type !== "shop";
  else if (hasComeBack) {
    hasComeBack = false;
    checkout.connected();
  }
}

/** The shop and its items as they are now, for a page whose socket is late or cannot be had. */
async function reload() {
  const known = [...live.state.items.values()];
  try {
    const paths = [path`/v1/shops/${slug}`, path`/v1/shops/${slug}/items`];
    const [shop, { data }] = await Promise.all(paths.map((each) => api.get(each)));
    live.merge("shop", shop);
    for (const item of data) live.merge("item", item);
    const listed = new Set(data.map((/** @type {Item} */ item) => item.id));
    for (const item of known) if (!listed.has(item.id)) live.merge("item", { ...item, archived: true });
  } catch (/** @type {any} */ problem) {
    if (problem.status === 404) isUnknown();
  }
}

async function isUnknown() {
  (await inTheEnd(gate)).noSuchShop(main);
}

/** The basket as this device keeps it, by itself or in another tab. */
function takeBasket() {
  isTaken = true;
  basket = baskets.parse(device.getItem(storageKey()));
  panel.begin(basket, takeAgain());
}

function storageKey() {
  return baskets.storageKey(live.state.shop?.id ?? "");
}

/** @param {StorageEvent} event */
function changedElsewhere(event) {
  if (event.key !== storageKey() || checkout.isSending) return;
  takeBasket();
  show();
}

live.start();
addEventListener("storage", changedElsewhere);
reload();
