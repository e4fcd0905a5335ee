// @ts-check
/** Managing a shop: its menu, its screens, its facts, its staff, and whether it takes orders. */

import { addressed, Api, path } from "./api.js";
import { pause } from "./backoff.js";
import { byId, tell } from "./element.js";
import { Inventory } from "./inventory.js";
import { inTheEnd, later } from "./later.js";
import { Live } from "./live.js";
import { ItemsPanel } from "./manage-items.js";
import { LaterParts, showParts } from "./manage-later.js";
import { OrderingPanel } from "./manage-ordering.js";
import { entitle, masthead } from "./masthead.js";
import { Session } from "./session.js";
import { Toast } from "./toast.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */

const session = new Session();
const api = new Api(session);
const main = byId("main");
const gate = later(() => import("./gate.js"));
const start = later(() => import("./manage-start.js"));

/** @param {unknown} problem */
function complain(problem) {
  tell(byId("problem"), problem ? refusal(problem) : "");
}

/** What is there for this person, null where it is refused. @param {string} what */
async function allowed(what) {
  try {
    return await api.get(what);
  } catch (/** @type {any} */ problem) {
    if (problem.isOpen) throw problem;
    return null;
  }
}

/** @param {Shop} shop @returns {Promise<"staff" | null>} of somebody who does not own it */
async function roleAt(shop) {
  const { data } = await api.get("/v1/me/shops?limit=100");
  return data.some((/** @type {Shop} */ mine) => mine.id === shop.id) ? "staff" : null;
}

/** Do something however often it takes to get an answer, and say meanwhile why there is none.
 * @template T @param {() => Promise<T>} step @returns {Promise<T>} */
async function persist(step) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const found = await step();
      complain(null);
      return found;
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen) throw problem;
      complain(problem);
      await pause(attempt);
    }
  }
}

/** The shop, whether the person owns it, only works there, or neither, and whether it ever had an order. */
async function load() {
  const at = path`/v1/shops/${addressed()}`;
  // Only its owner may see who works there.
  const [shop, staff, orders] = await Promise.all([api.get(at), allowed(`${at}/staff?limit=1`), allowed(`${at}/orders?limit=1`)]);
  return { shop, role: staff ? "owner" : await roleAt(shop), hasOrders: orders?.data.length > 0 };
}

/** @param {Shop} shop @param {boolean} isOwner @param {boolean} hasOrders */
async function manage(shop, isOwner, hasOrders) {
  let isReady = false;
  const show = () => isReady && showAll(live.state.shop ?? shop);
  const heard = (/** @type {any} */ frame) => (inventory.hear(frame), rest.hear(frame));
  const live = new Live({ path: path`/ws/shops/${shop.id}/menu`, light: byId("light"), main, show, heard });
  const inventory = new Inventory(api, shop.id, live);
  const given = { api, live, inventory, toast: new Toast(), isOwner };
  const items = new ItemsPanel(given);
  const rest = new LaterParts({ ...given, shop: shop.id, persist });
  /** @type {{show: (shop: Shop) => void}[]} */
  const panels = [items, rest, new OrderingPanel(given)];
  if (isOwner && !hasOrders) panels.push(new (await inTheEnd(start)).StartPanel(inventory));

  /** @param {Shop} now */
  function showAll(now) {
    showName(now);
    for (const panel of panels) panel.show(now);
  }

  live.merge("shop", shop);
  live.start();
  await persist(() => inventory.look());
  isReady = true;
  showAll(live.state.shop ?? shop);
  addEventListener("beforeunload", (event) => [items, rest].some((panel) => panel.isDirty) && event.preventDefault());
  reveal(shop, isOwner, (part) => (given.toast.clear(), rest.turned(part)));
  if (inventory.items.length === 0) items.focus();
}

/** @param {Shop} shop @param {boolean} isOwner @param {(part: string) => void} turned to another part of the page */
function reveal(shop, isOwner, turned) {
  for (const part of main.querySelectorAll("[data-owner]")) /** @type {HTMLElement} */ (part).hidden = !isOwner;
  tell(byId("staff-only"), isOwner ? "" : say("manage.staff_only", { shop: shop.name }));
  byId("panels").hidden = false;
  showParts(turned);
}

/** @param {Shop} shop */
function showName({ name, slug }) {
  entitle(name, say("manage.title", { shop: name }));
  // An old name of the shop leads here too; the address shows the present one.
  if (slug !== addressed()) history.replaceState(null, "", path`/shops/${slug}/manage` + location.hash);
}

async function begin() {
  const showWho = masthead(session, { href: path`/shops/${addressed()}/board`, text: say("link.board") });
  const user = await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  main.hidden = false;
  if (!user) return (await inTheEnd(gate)).askInPage(main, session, say("account.to_manage"));
  const found = await persist(load).catch(() => null);
  if (!found) return (await inTheEnd(gate)).noSuchShop(main);
  const { shop, role, hasOrders } = found;
  if (role) return manage(shop, role === "owner", hasOrders);
  return (await inTheEnd(gate)).turnAway(main, session, shop.name, say("account.to_manage"));
}

begin();
