// @ts-check
/** The top of every page for people: its title, and who is signed in. */

import { byId, element } from "./element.js";
import { later } from "./later.js";
import { followChoice, say } from "./words.js";

/** @typedef {import("./session.js").Session} Session */

/** @typedef {{href: string, text: string}} Link */

const account = later(() => import("./account.js"));

/**
 * Show who is signed in, and keep showing it.
 * @param {Session} session
 * @param {Link} [next] where who is signed in goes from here; usually to their orders
 */
export function masthead(session, next = { href: "/orders", text: say("who.orders") }) {
  const show = () => byId("who").replaceChildren(...(session.user ? signedIn(session, next) : [signInButton(session)]));
  session.addEventListener("change", show);
  session.addEventListener("renamed", show);
  followChoice();
  return show;
}

/**
 * Name the page, on it and in the browser's tab.
 * @param {string} heading
 * @param {string} [title]
 */
export function entitle(heading, title = heading) {
  byId("title").textContent = heading;
  document.title = `${title} · orderflow`;
  // Below the name of a shop, which of its pages this is.
  const name = document.getElementById("page-name");
  if (name) name.hidden = false;
}

/** @param {Session} session @param {Link} next */
function signedIn(session, { href, text }) {
  const signOut = () => session.signOut().catch(() => {});
  return [
    link("/account", session.user?.name ?? "", { className: "person", title: session.user?.email ?? "" }),
    link(href, text, { className: "quiet" }),
    element("button", { type: "button", className: "quiet", data: { act: "sign-out" }, on: { click: signOut } }, say("who.sign_out")),
  ];
}

/** A link that tells when this page is where it leads, or is below that. @param {string} href @param {string} text @param {Record<string, string>} given */
function link(href, text, given) {
  const made = element("a", { href, ...given }, text);
  const here = location.pathname;
  if (here === href) made.ariaCurrent = "page";
  else if (here.startsWith(`${href}/`)) made.ariaCurrent = "true";
  return made;
}

/** @param {Session} session */
function signInButton(session) {
  const click = () => account().then(({ askForAccount }) => askForAccount(session, "")).catch(() => {});
  return element("button", { type: "button", className: "quiet", data: { act: "sign-in" }, on: { click } }, say("who.sign_in"));
}
