// @ts-check
/** Managing a shop: pausing, its menu, its facts, its staff, and the links to its screens. */

import { Api, path } from "./api.js";
import { pause } from "./backoff.js";
import { byId, element, tell } from "./element.js";
import { addressed, askInPage, noSuchShop, turnAway } from "./gate.js";
import { ItemsPanel } from "./manage-items.js";
import { ShopPanel } from "./manage-shop.js";
import { StaffPanel } from "./manage-staff.js";
import { entitle, masthead } from "./masthead.js";
import { Session } from "./session.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */

const session = new Session();
const api = new Api(session);
const main = byId("main");

/** @param {unknown} problem */
function complain(problem) {
  tell(byId("problem"), problem ? refusal(problem) : "");
}

/** @param {Shop} shop */
function showLinks(shop) {
  const links = [
    ["menu", path`/shops/${shop.slug}`],
    ["board", path`/shops/${shop.slug}/board`],
    ["pickup", path`/shops/${shop.slug}/pickup`],
  ].map(([key, href]) => element("a", { href, className: "button" }, say(`link.${key}`)));
  byId("links").replaceChildren(...links);
  entitle(shop.name, say("manage.title", { shop: shop.name }));
}

/**
 * Whether this person owns the shop, only works there, or neither.
 * @param {Shop} shop
 * @returns {Promise<"owner" | "staff" | null>}
 */
async function roleAt(shop) {
  try {
    await api.get(path`/v1/shops/${shop.id}/staff`);
    return "owner";
  } catch (/** @type {any} */ problem) {
    if (problem.isOpen) throw problem;
  }
  const { data } = await api.get("/v1/me/shops?limit=100");
  return data.some((/** @type {Shop} */ mine) => mine.id === shop.id) ? "staff" : null;
}

/** The shop and the person's part in it, however often it takes to get an answer. */
async function load() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const shop = await api.get(path`/v1/shops/${addressed()}`);
      return { shop, role: await roleAt(shop) };
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen) return null;
      complain(problem);
      await pause(attempt);
    }
  }
}

/** @param {Shop} shop @param {boolean} isOwner */
async function showPanels(shop, isOwner) {
  const items = new ItemsPanel({ api, shop, isOwner, complain });
  await items.load().catch(complain);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && items.load().catch(complain));
  for (const part of main.querySelectorAll("[data-owner]")) part.hidden = !isOwner;
  byId("owner-only").hidden = isOwner;
  if (!isOwner) return;
  new ShopPanel({ api, shop, complain, changed: showLinks }).show();
  await new StaffPanel({ api, shop, complain }).load().catch(complain);
}

async function begin() {
  const showWho = masthead(session);
  const user = await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  main.hidden = false;
  if (!user) return askInPage(main, session, say("account.to_manage"));
  const found = await load();
  complain(null);
  if (!found) return noSuchShop(main);
  if (!found.role) return turnAway(main, session, found.shop.name);
  showLinks(found.shop);
  byId("panels").hidden = false;
  return showPanels(found.shop, found.role === "owner");
}

begin();
