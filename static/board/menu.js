// @ts-check
/** The menu of a shop and the basket, live. */

import { askForAccount } from "./account.js";
import { Api, path } from "./api.js";
import { pause } from "./backoff.js";
import * as baskets from "./basket.js";
import { BasketPanel } from "./basket-panel.js";
import { byId, element, showList, tell } from "./element.js";
import { money } from "./format.js";
import { addressed, noSuchShop } from "./gate.js";
import { Live } from "./live.js";
import { entitle, masthead } from "./masthead.js";
import { photo } from "./photo.js";
import { Session } from "./session.js";
import { soldItems } from "./store.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */

const TRIES = 3;
const session = new Session();
const api = new Api(session);
const slug = addressed();
const main = byId("main");
let basket = baskets.empty();
let isTaken = false;
let isSending = false;
/** @type {Promise<any>} */
let started;

const panel = new BasketPanel({ change, order, giveUp: () => change(baskets.refused(basket)) });
const live = new Live({
  path: path`/ws/shops/${slug}/menu`,
  light: byId("light"),
  main,
  show,
  stopped: (reason) => reason === "unknown" && noSuchShop(main),
});

function show() {
  const { shop, items } = live.state;
  if (live.feed.phase === "stopped" || !shop) return;
  if (!isTaken) takeBasket();
  showShop(shop);
  showMenu(shop);
  panel.show({ basket, items, shop, isSending });
}

/** @param {import("./store.js").Shop} shop */
function showShop(shop) {
  entitle(shop.name, say("menu.title", { shop: shop.name }));
  // An old name of the shop leads here too; the address shows the present one.
  if (shop.slug !== slug) history.replaceState(null, "", path`/shops/${shop.slug}`);
  tell(byId("description"), shop.description ?? "");
  tell(byId("address"), [shop.address, shop.phone].filter(Boolean).join(" · "));
  tell(byId("paused"), shop.ordering === "paused" ? say("shop.paused") : "");
}

/** @param {import("./store.js").Shop} shop */
function showMenu(shop) {
  const items = soldItems(live.state);
  tell(byId("empty"), items.length === 0 ? say("menu.empty") : "");
  const categories = [...new Set(items.map((item) => item.category ?? ""))];
  showList(byId("menu"), categories, { key: (name) => name, mark: () => "", make: section });
  for (const part of byId("menu").children) {
    const own = items.filter((item) => (item.category ?? "") === part.dataset.key);
    // "More" than what, at the head of the menu?
    part.querySelector("h2").hidden = !part.dataset.key && !categories[0];
    showList(part.querySelector("ul"), own, {
      key: (item) => item.id,
      mark: (item) => JSON.stringify([item, baskets.quantity(basket, item.id), isLocked(), shop.currency]),
      make: (item) => itemRow(item, shop.currency ?? ""),
    });
  }
}

/** @param {string} name */
function section(name) {
  return element(
    "section",
    { className: "category" },
    element("h2", { dir: "auto" }, name || say("menu.other")),
    element("ul", { className: "items" }),
  );
}

/** @param {Item} item @param {string} currency */
function itemRow(item, currency) {
  return element(
    "li",
    { className: "item", data: { item: item.id, soldOut: String(item.sold_out) } },
    element(
      "div",
      { className: "item-words" },
      photo(item),
      element("h3", { dir: "auto" }, item.name),
      item.description && element("p", { dir: "auto" }, item.description),
    ),
    element("span", { className: "amount" }, money(item.price_minor, currency)),
    item.sold_out ? element("span", { className: "sold-out" }, say("menu.sold_out")) : stepper(item),
  );
}

/** @param {Item} item */
function stepper(item) {
  const pieces = baskets.quantity(basket, item.id);
  const step = (/** @type {number} */ by) => () => change(baskets.put(basket, item.id, pieces + by));
  if (pieces === 0) {
    const label = say("menu.add_label", { name: item.name });
    return button("add", label, say("menu.add"), step(1));
  }
  return element(
    "div",
    { className: "stepper" },
    button("less", say("menu.less_label", { name: item.name }), "−", step(-1)),
    element("output", { className: "pieces" }, String(pieces)),
    button("add", say("menu.more_label", { name: item.name }), "+", step(1)),
  );
}

/** @param {string} act @param {string} label @param {string} text @param {() => void} click */
function button(act, label, text, click) {
  const data = { act, focus: act };
  return element("button", { type: "button", "aria-label": label, data, disabled: isLocked(), on: { click } }, text);
}

/** What has been sent and not answered stays as it is, so that it can be asked for again. */
function isLocked() {
  return isSending || basket.attempt !== null;
}

/** @param {import("./basket.js").Basket} changed */
function change(changed) {
  basket = changed;
  keep();
  show();
}

function keep() {
  localStorage.setItem(storageKey(), JSON.stringify(basket));
}

function storageKey() {
  return `orderflow.basket.${live.state.shop?.id}`;
}

async function order() {
  if (isSending) return;
  isSending = true;
  panel.complain("");
  show();
  try {
    await started;
    if (session.user || (await askForAccount(session, say("account.to_order")))) await send();
  } finally {
    isSending = false;
    show();
  }
}

async function send() {
  const { total_minor: total } = baskets.priced(basket, live.state.items);
  const attempted = baskets.attempt(basket, baskets.order(basket, total));
  change(attempted);
  try {
    const placed = await place(attempted.attempt);
    change(baskets.empty());
    location.assign(path`/orders/${placed.id}`);
  } catch (/** @type {any} */ problem) {
    if (problem.isOpen) return;
    change(baskets.refused(basket));
    panel.complain(refusal(problem));
    await reload();
  }
}

/** Place the order, asking again while there is no answer: the key makes it one order.
 * @param {import("./basket.js").Attempt} attempt */
async function place({ key, body }) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await api.call("POST", path`/v1/shops/${live.state.shop?.id ?? slug}/orders`, {
        body,
        headers: { "Idempotency-Key": key },
      });
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen || tries === TRIES) throw problem;
      await pause(tries);
    }
  }
}

/** The shop and its items as they are now, for a page whose socket is late or cannot be had. */
async function reload() {
  try {
    const shop = path`/v1/shops/${slug}`;
    live.merge("shop", await api.get(shop));
    for (const item of (await api.get(`${shop}/items`)).data) live.merge("item", item);
  } catch (/** @type {any} */ problem) {
    if (problem.status === 404) noSuchShop(main);
  }
}

/** The basket as this device keeps it, by itself or in another tab. */
function takeBasket() {
  isTaken = true;
  basket = baskets.parse(localStorage.getItem(storageKey()));
  panel.begin(basket);
}

/** @param {StorageEvent} event */
function changedElsewhere(event) {
  if (event.key !== storageKey() || isSending) return;
  takeBasket();
  show();
}

async function begin() {
  const showWho = masthead(session);
  started = session.start().then(showWho);
  live.start();
  addEventListener("storage", changedElsewhere);
  await reload();
}

begin();
