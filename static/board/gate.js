// @ts-check
/** What stands in a page's place when it cannot be shown: nobody signed in, the wrong person, nothing there. */

import { accountForms } from "./account.js";
import { element } from "./element.js";
import { say } from "./words.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * Ask for an account in the page itself; the page starts anew once somebody is signed in.
 * @param {HTMLElement} main
 * @param {Session} session
 * @param {string} why
 */
export function askInPage(main, session, why) {
  const forms = accountForms(session, { done: () => location.reload() });
  close(main, element("section", { className: "gate", data: { gate: "sign-in" } }, element("p", {}, why), forms));
}

/**
 * Say that this person may not see the page, and let somebody else sign in.
 * @param {HTMLElement} main
 * @param {Session} session
 * @param {string} shop
 * @param {string} [why] whom the page is for
 */
export function turnAway(main, session, shop, why = say("account.to_board")) {
  const { name = "", email = "" } = session.user ?? {};
  const other = async () => {
    await session.signOut().catch(() => {});
    askInPage(main, session, why);
  };
  const button = element("button", { type: "button", className: "primary", on: { click: other } }, say("shop.other_account"));
  close(main, message("forbidden", say("shop.not_staff", { name, shop }), say("shop.not_staff_hint", { email }), button));
}

/** @param {HTMLElement} main */
export function noSuchShop(main) {
  const link = element("a", { href: "/", className: "button primary" }, say("shop.find"));
  close(main, message("unknown", say("shop.unknown"), say("shop.unknown_hint"), link));
}

/**
 * Put something in the page's place for good; a page that shows nothing has no light either.
 * @param {HTMLElement} main
 * @param {HTMLElement} instead
 */
export function close(main, instead) {
  document.body.dataset.closed = "";
  main.replaceChildren(instead);
}

/** @param {HTMLElement} main */
export function noSuchOrder(main) {
  const link = element("a", { href: "/orders", className: "button primary" }, say("orders.title"));
  close(main, message("unknown", say("order.unknown"), say("order.unknown_hint"), link));
}

/**
 * A message in the page's place.
 * @param {string} kind
 * @param {string} title
 * @param {string} hint
 * @param {...Node} more
 */
function message(kind, title, hint, ...more) {
  return element(
    "section",
    { className: "gate", data: { gate: kind } },
    element("h2", {}, title),
    element("p", {}, hint),
    ...more,
  );
}
