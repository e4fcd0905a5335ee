// @ts-check
/** The question before an order is cancelled. */

import { element } from "./element.js";
import { choice, field } from "./form.js";
import { say } from "./words.js";

const REASONS = ["sold_out", "closing", "asked"];

/**
 * Ask whether to cancel an order, and why; the shop has to say why, the customer may.
 * @param {import("./store.js").Order} order
 * @param {boolean} isShop
 * @returns {Promise<{reason: string | null} | null>} null: keep it
 */
export function askToCancel(order, isShop) {
  return new Promise((resolve) => {
    /** @type {{reason: string | null} | null} */
    let answer = null;
    const form = element("form", { className: "form", method: "dialog" }, ...(isShop ? reasons() : [ownReason()]), buttons(() => dialog.close()));
    form.addEventListener("submit", () => (answer = { reason: chosen(form) || null }));
    const dialog = element(
      "dialog",
      { className: "dialog", on: { close: () => (dialog.remove(), resolve(answer)) } },
      element("h2", {}, say("cancel.title", { number: order.number })),
      form,
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

function reasons() {
  const known = REASONS.map((name) => say(`cancel.reason.${name}`)).map((label) => ({ value: label, label }));
  const options = choice("known", say("cancel.reason"), [...known, { value: "", label: say("cancel.other") }]);
  const own = field("reason", { label: say("cancel.other"), maxLength: 200 });
  const input = /** @type {HTMLInputElement} */ (own.querySelector("input"));
  own.hidden = true;
  options.addEventListener("change", (event) => {
    const isOther = /** @type {HTMLInputElement} */ (event.target).value === "";
    own.hidden = !isOther;
    input.required = isOther;
    if (isOther) input.focus();
  });
  return [options, own];
}

function ownReason() {
  return field("reason", { label: say("cancel.own_reason"), maxLength: 200 });
}

/** @param {HTMLFormElement} form */
function chosen(form) {
  const given = new FormData(form);
  return String(given.get("known") || given.get("reason") || "").trim();
}

/** @param {() => void} keep */
function buttons(keep) {
  return element(
    "div",
    { className: "buttons" },
    element("button", { type: "button", className: "quiet", on: { click: keep } }, say("cancel.keep")),
    element("button", { type: "submit", className: "primary danger" }, say("cancel.confirm")),
  );
}
