// @ts-check
/** The top of every page for people: its title, and who is signed in. */

import { askForAccount } from "./account.js";
import { byId, element } from "./element.js";
import { say } from "./words.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * Show who is signed in, and keep showing it.
 * @param {Session} session
 */
export function masthead(session) {
  const show = () => byId("who").replaceChildren(...(session.user ? signedIn(session) : [signInButton(session)]));
  session.addEventListener("change", show);
  session.addEventListener("renamed", show);
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
}

/** @param {Session} session */
function signedIn(session) {
  const signOut = () => session.signOut().catch(() => {});
  return [
    element("a", { href: "/account", className: "person", title: session.user?.email ?? "" }, session.user?.name ?? ""),
    element("a", { href: "/orders", className: "quiet" }, say("who.orders")),
    element("button", { type: "button", className: "quiet", data: { act: "sign-out" }, on: { click: signOut } }, say("who.sign_out")),
  ];
}

/** @param {Session} session */
function signInButton(session) {
  const click = () => askForAccount(session, "");
  return element("button", { type: "button", className: "quiet", data: { act: "sign-in" }, on: { click } }, say("who.sign_in"));
}
