// @ts-check
/** The front page: find a shop, sign in, and for who runs one: open a shop and get to its screens. */

import { accountForms } from "./account.js";
import { Api, path } from "./api.js";
import { byId, element, tell } from "./element.js";
import { pictures } from "./home-pictures.js";
import { masthead } from "./masthead.js";
import { openShopForm, placeCurrency } from "./open-shop.js";
import { Session } from "./session.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */

const TYPING_MS = 200;
const session = new Session();
const api = new Api(session);
/** @type {string | null} */
let cursor = null;
let asked = 0;

/** @param {boolean} goesOn append the next page instead of beginning anew */
async function find(goesOn = false) {
  const turn = ++asked;
  const q = byId("q").value.trim();
  const after = goesOn && cursor ? path`&cursor=${cursor}` : "";
  try {
    const page = await api.get(path`/v1/shops?limit=20&q=${q}` + after);
    // An answer to what is no longer asked comes too late.
    if (turn !== asked) return;
    cursor = page.next_cursor;
    const rows = page.data.map(shopRow);
    if (goesOn) byId("shops").append(...rows);
    else byId("shops").replaceChildren(...rows);
    tell(byId("none"), byId("shops").children.length > 0 ? "" : say(q ? "home.none" : "home.empty"));
  } catch (problem) {
    tell(byId("none"), refusal(problem));
  }
  byId("more").hidden = cursor === null;
}

/** @param {Shop} shop */
function shopRow({ name, slug, address, ordering }) {
  return element(
    "li",
    {},
    element(
      "a",
      { className: "shop-row", href: path`/shops/${slug}` },
      element("strong", { dir: "auto" }, name),
      address && element("span", { dir: "auto" }, address),
      ordering === "paused" && element("span", { className: "sold-out" }, say("home.paused")),
    ),
  );
}

async function showAccount() {
  // Opening a shop signs in on the way; its form stays as it is.
  if (byId("account").querySelector("[data-form=shop][aria-busy=true]")) return;
  const parts = session.user ? await forSomebody(session.user) : forNobody();
  document.body.dataset.who = session.user ? "somebody" : "nobody";
  byId("account").replaceChildren(...parts);
}

/** Signing in, or opening a shop; and a word for somebody who comes from having their account erased. */
function forNobody() {
  const erased = location.hash === "#erased" && element("p", { className: "saved", role: "status" }, say("me.erased"));
  return [element("section", { className: "panel" }, erased, accountForms(session)), forOwners()];
}

/** @param {import("./session.js").User} user */
async function forSomebody({ name, role }) {
  const { data } = await api.get("/v1/me/shops?limit=100").catch(() => ({ data: [] }));
  const shops = data.length > 0 && [element("h3", {}, say("home.my_shops")), element("ul", { className: "my-shops" }, ...data.map(myShop))];
  const hello = element(
    "section",
    { className: "panel" },
    element("h2", { dir: "auto" }, say("home.hello", { name })),
    ...(shops || []),
    element(
      "p",
      { className: "links" },
      role === "customer" && element("a", { href: "/orders", className: "button" }, say("who.orders")),
      element("a", { href: "/account", className: "button" }, say("me.title")),
    ),
  );
  if (role === "customer") return data.length > 0 ? [hello] : [hello, ownersOnly()];
  return [hello, data.length > 0 ? forOwners() : openShop()];
}

/** An invitation to those who run a shop. */
function forOwners() {
  const open = () => {
    const form = openShop();
    // Whoever opens a shop has no use for what stands before it.
    panel.remove();
    byId("account").prepend(form);
    form.querySelector("input")?.focus();
  };
  const panel = element(
    "section",
    { className: "panel" },
    element("h2", {}, say(session.user ? "home.another_shop" : "home.owners")),
    session.user ? null : element("p", { className: "hint" }, say("home.owners_hint")),
    element("button", { type: "button", className: session.user ? "" : "primary", data: { act: "open-shop" }, on: { click: open } }, say("home.new_shop")),
  );
  return panel;
}

function openShop() {
  const opened = (/** @type {Shop} */ { slug }) => location.assign(path`/shops/${slug}/manage`);
  return element("section", { className: "panel" }, element("h2", {}, say("home.new_shop")), openShopForm(session, api, opened));
}

/** An account for ordering opens no shops, and the way on is another account. */
function ownersOnly() {
  const leave = () => session.signOut().catch(() => {});
  return element(
    "section",
    { className: "panel" },
    element("h2", {}, say("home.owners")),
    element("p", { className: "hint" }, say("home.owner_only")),
    element("button", { type: "button", on: { click: leave } }, say("who.sign_out")),
  );
}

/** @param {Shop & {role: string}} shop */
function myShop({ name, slug, role }) {
  const links = [
    ["board", path`/shops/${slug}/board`],
    ["pickup", path`/shops/${slug}/pickup`],
    ["manage", path`/shops/${slug}/manage`],
    ["menu", path`/shops/${slug}`],
  ].map(([key, href]) => element("a", { href, className: "button" }, say(`link.${key}`)));
  return element(
    "li",
    {},
    element("strong", { dir: "auto" }, name),
    role === "staff" && element("span", { className: "hint" }, say("home.as_staff")),
    element("span", { className: "links" }, ...links),
  );
}

/** To the form that opens a shop, once it is known for whom. @param {Promise<unknown>} started */
async function goToOwners(started) {
  await started;
  byId("account").querySelector("[data-act=open-shop]")?.click();
  byId("account").querySelector("[data-form=shop] input")?.focus({ preventScroll: true });
  // The whole form, with the button at its end.
  byId("account").querySelector("[data-form=shop]")?.scrollIntoView({ block: "nearest" });
}

async function begin() {
  const showWho = masthead(session);
  const shown = session.start().then(() => (showWho(), showAccount()));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  byId("q").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, TYPING_MS);
  });
  byId("find").addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), find()));
  byId("to-owners").addEventListener("click", () => goToOwners(shown));
  byId("to-find").addEventListener("click", (/** @type {Event} */ event) => (event.preventDefault(), byId("q").focus()));
  byId("pictures").replaceChildren(...pictures(placeCurrency()));
  byId("more").addEventListener("click", () => find(true));
  find();
  session.addEventListener("change", showAccount);
  await shown;
}

begin();
