// @ts-check
/** The rarer moves of an order, in a dialog, so that no thumb meets them by chance. */

import { calledName } from "./card.js";
import { ask } from "./dialog.js";
import { button, element } from "./element.js";
import { field } from "./form.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */

const REASONS = ["sold_out", "closing", "asked"];

/**
 * Ask what else is to be done with an order.
 * @param {Order} order
 * @param {Status | null} recall where its last move can be taken back to
 * @returns {Promise<{to: Status, reason: string | null} | null>}
 */
export async function askWhatElse(order, recall) {
  const answer = await ask((close) => [
    element("h2", { dir: "auto" }, say("board.more_title", { number: order.number, name: calledName(order) })),
    element("div", { className: "choices", data: { kind: "moves" } }, ...moves(order, recall, close)),
    element("h3", {}, say("board.cancel")),
    element("p", { className: "hint" }, say("cancel.reason")),
    element("div", { className: "choices", data: { kind: "reasons" } }, ...reasons(close)),
    ownReason(close),
    button(say("board.leave"), () => close(""), "quiet"),
  ]);
  const [, to, reason] = /^(\w+):([^]*)$/.exec(answer) ?? [];
  return to ? { to: /** @type {Status} */ (to), reason: reason || null } : null;
}

/** @param {Order} order @param {Status | null} recall @param {(answer: string) => void} close */
function moves({ status }, recall, close) {
  const ahead = status === "pending" && named(button(say("board.ready_at_once"), () => close("ready:")), "ready");
  const back = recall && named(button(say("move.recall", { status: say(`status.${recall}`) }), () => close(`${recall}:`)), "recall");
  return [ahead, back].filter((each) => each !== false && each !== null);
}

/** @param {(answer: string) => void} close */
function reasons(close) {
  return REASONS.map((name) => {
    const reason = say(`cancel.reason.${name}`);
    return named(button(reason, () => close(`cancelled:${reason}`), "danger"), "cancel");
  });
}

/** @param {(answer: string) => void} close */
function ownReason(close) {
  const form = element(
    "form",
    { className: "form own-reason", method: "dialog" },
    field("reason", { label: say("cancel.other"), maxLength: 200, required: true, autocomplete: "off" }),
    element("button", { type: "submit", className: "danger" }, say("cancel.confirm")),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = String(new FormData(form).get("reason")).trim();
    if (reason) close(`cancelled:${reason}`);
  });
  return form;
}

/** @param {HTMLButtonElement} made @param {string} act */
function named(made, act) {
  made.dataset.act = act;
  return made;
}
