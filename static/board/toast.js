// @ts-check
/** One line at the bottom of the page: what has just been done, or why not, and what can be done about it. */

import { element } from "./element.js";
import { refusal, say } from "./words.js";

const SHOWN_MS = 5_000;
const UNDONE_MS = 10_000;

export class Toast {
  #place = element("div", { className: "toasts", role: "status" });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    document.body.append(this.#place);
  }

  /**
   * Say something for a while.
   * @param {string} text
   * @param {{act?: string, on?: () => void}} [then] a button for what can be done about it
   */
  say(text, then = {}) {
    this.#show("done", text, then);
    this.#timer = setTimeout(() => this.clear(), then.act ? UNDONE_MS : SHOWN_MS);
  }

  /**
   * Say why something was not done, until it is read.
   * @param {unknown} problem
   * @param {string} [what]
   * @param {{act?: string, on?: () => void}} [then]
   */
  refuse(problem, what = "", then = {}) {
    this.#show("refused", [what, refusal(problem)].filter(Boolean).join(" "), then);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#place.replaceChildren();
  }

  /** @param {string} kind @param {string} text @param {{act?: string, on?: () => void}} then */
  #show(kind, text, { act, on }) {
    this.clear();
    const done = () => (this.clear(), on?.());
    this.#place.append(
      element(
        "div",
        { className: "toast", data: { kind } },
        element("p", {}, text),
        act && element("button", { type: "button", data: { act: "then" }, on: { click: done } }, act),
        element("button", { type: "button", className: "quiet", "aria-label": say("toast.close"), on: { click: () => this.clear() } }, "✕"),
      ),
    );
  }
}
