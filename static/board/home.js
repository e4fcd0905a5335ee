// @ts-check
/** The front page: find a shop, sign in, and for who runs one: open a shop and get to its screens. */

import { accountForms } from "./account.js";
import { Api, path } from "./api.js";
import { byId, element, tell } from "./element.js";
import { field, onSubmit } from "./form.js";
import { masthead } from "./masthead.js";
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
  const place = byId("account");
  if (!session.user) return place.replaceChildren(...farewell(), accountForms(session, { forShops: true }));
  const { name, role } = session.user;
  place.replaceChildren(
    element("h2", {}, say("home.hello", { name })),
    element(
      "p",
      { className: "links" },
      element("a", { href: "/orders", className: "button" }, say("who.orders")),
      element("a", { href: "/account", className: "button" }, say("me.title")),
    ),
    await myShops(role),
    ...(role === "shop_owner" ? [element("h2", {}, say("home.new_shop")), shopForm()] : []),
  );
}

/** What is said to somebody who comes from having their account erased. */
function farewell() {
  return location.hash === "#erased" ? [element("p", { className: "saved", role: "status" }, say("me.erased"))] : [];
}

/** @param {string} role */
async function myShops(role) {
  const { data } = await api.get("/v1/me/shops?limit=100").catch(() => ({ data: [] }));
  if (data.length === 0) return element("p", { className: "hint" }, say(role === "customer" ? "home.owner_only" : "home.no_shops"));
  return element("div", {}, element("h2", {}, say("home.my_shops")), element("ul", { className: "my-shops" }, ...data.map(myShop)));
}

/** @param {Shop} shop */
function myShop({ name, slug }) {
  const links = [
    ["board", path`/shops/${slug}/board`],
    ["pickup", path`/shops/${slug}/pickup`],
    ["manage", path`/shops/${slug}/manage`],
    ["menu", path`/shops/${slug}`],
  ].map(([key, href]) => element("a", { href, className: "button" }, say(`link.${key}`)));
  return element("li", {}, element("strong", { dir: "auto" }, name), element("span", { className: "links" }, ...links));
}

function shopForm() {
  const zones = Intl.supportedValuesOf("timeZone");
  const zone = field("time_zone", { required: true, value: Intl.DateTimeFormat().resolvedOptions().timeZone, autocomplete: "off" });
  zone.querySelector("input")?.setAttribute("list", "zones");
  const form = element(
    "form",
    { className: "form", data: { form: "shop" } },
    field("name", { required: true, maxLength: 80, autocomplete: "organization" }),
    field("address", { maxLength: 200, autocomplete: "street-address" }),
    field("currency", { required: true, pattern: "[A-Za-z]{3}", maxLength: 3, value: "EUR", autocomplete: "off" }),
    zone,
    element("datalist", { id: "zones" }, ...zones.map((value) => element("option", { value }))),
    element("button", { type: "submit", className: "primary" }, say("home.create")),
  );
  onSubmit(form, async ({ name, address, currency, time_zone }) => {
    const body = { name, address: address || null, currency: currency.toUpperCase(), time_zone };
    const { slug } = await api.call("POST", "/v1/shops", { body });
    location.assign(path`/shops/${slug}/manage`);
  });
  return form;
}

async function begin() {
  const showWho = masthead(session);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  byId("q").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, TYPING_MS);
  });
  byId("find").addEventListener("submit", (/** @type {Event} */ event) => (event.preventDefault(), find()));
  byId("more").addEventListener("click", () => find(true));
  find();
  await session.start();
  showWho();
  session.addEventListener("change", showAccount);
  showAccount();
}

begin();
