// @ts-check
/** Signing in and making an account, as a form in a page or in a dialog over it. */

import { element } from "./element.js";
import { field, onSubmit } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./session.js").Session} Session */

/**
 * Two forms, one shown at a time: sign in, and make an account.
 * @param {Session} session
 * @param {object} [given]
 * @param {() => void} [given.done]
 * @param {"sign_in" | "register"} [given.first] which of them is shown
 */
export function accountForms(session, { done = () => {}, first = "sign_in" } = {}) {
  const forms = { sign_in: signInForm(session, done), register: registerForm(session, done) };
  const names = /** @type {("sign_in" | "register")[]} */ (Object.keys(forms));
  const tabs = names.map((name) =>
    element("button", { type: "button", data: { tab: name }, on: { click: () => choose(name) } }, say(`account.${name}`)),
  );
  /** @param {"sign_in" | "register"} chosen */
  function choose(chosen) {
    const typed = Object.values(forms).map((form) => form.email.value);
    names.forEach((name, index) => {
      forms[name].hidden = name !== chosen;
      // Whoever began in the wrong one does not type their address again.
      forms[name].email.value ||= typed.find(Boolean) ?? "";
      tabs[index].setAttribute("aria-pressed", String(name === chosen));
    });
  }
  choose(first);
  return element("div", { className: "account" }, element("div", { className: "tabs" }, ...tabs), ...Object.values(forms));
}

/**
 * Ask for an account in a dialog.
 * @param {Session} session
 * @param {string} why
 * @param {"sign_in" | "register"} [first] which form is shown
 * @returns {Promise<boolean>} whether somebody is signed in now
 */
export function askForAccount(session, why, first) {
  return new Promise((resolve) => {
    const close = () => dialog.close();
    const dialog = element(
      "dialog",
      { className: "dialog", on: { close: () => (dialog.remove(), resolve(session.user !== null)) } },
      element("p", { className: "dialog-why" }, why),
      accountForms(session, { done: close, first }),
      element("button", { type: "button", className: "quiet", on: { click: close } }, say("account.close")),
    );
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("form:not([hidden])")?.querySelector("input")?.focus();
  });
}

/** @param {Session} session @param {() => void} done */
function signInForm(session, done) {
  const form = element(
    "form",
    { className: "form", data: { form: "sign_in" } },
    email(),
    field("password", { type: "password", autocomplete: "current-password", required: true, maxLength: 128 }),
    submit("sign_in"),
  );
  onSubmit(form, async (given) => {
    await session.signIn(given.email, given.password);
    done();
  });
  return form;
}

/** For ordering; who runs a shop makes an account by opening it. @param {Session} session @param {() => void} done */
function registerForm(session, done) {
  const form = element(
    "form",
    { className: "form", data: { form: "register" } },
    ...newAccountFields(),
    submit("register"),
  );
  onSubmit(form, async ({ name, email: address, password }) => {
    await session.register({ name, email: address, password, role: "customer" });
    done();
  });
  return form;
}

/** What a new account is made from. */
export function newAccountFields() {
  return [
    field("name", { label: say("account.name"), autocomplete: "name", required: true, maxLength: 80 }),
    email(),
    field("password", {
      type: "password",
      autocomplete: "new-password",
      required: true,
      minLength: 8,
      maxLength: 128,
      hint: say("account.password_hint"),
    }),
  ];
}

function email() {
  return field("email", { type: "email", autocomplete: "username", required: true, maxLength: 254 });
}

/** @param {string} name */
function submit(name) {
  return element("button", { type: "submit", className: "primary" }, say(`account.submit.${name}`));
}
