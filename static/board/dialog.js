// @ts-check
/** A question over the page that waits for its answer. */

import { button, element } from "./element.js";
import { say } from "./words.js";

/**
 * Ask before something that cannot be taken back.
 * @param {string} question
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>}
 */
export async function isSure(question, yes) {
  const answer = await ask((close) => [
    element("p", {}, question),
    element("div", { className: "buttons" }, button(say("account.close"), () => close("")), button(yes, () => close("yes"), "primary danger")),
  ]);
  return answer === "yes";
}

/**
 * Show a dialog until it is closed; the answer is "" when it is dismissed.
 * @param {(close: (answer: string) => void) => Node[]} make its content
 * @returns {Promise<string>}
 */
export function ask(make) {
  return new Promise((resolve) => {
    const closed = () => (dialog.remove(), resolve(dialog.returnValue));
    const dialog = element("dialog", { className: "dialog", on: { close: closed } });
    dialog.append(...make((answer) => dialog.close(answer)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
