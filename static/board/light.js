// @ts-check
/** The light: how fresh this page is, in a word, a shape and a colour, and what to do when it is not. */

import { element } from "./element.js";
import { duration } from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./feed.js").Feed} Feed */

export class Light {
  #word = element("span", { className: "light-word" });
  #age = element("span", { className: "light-age long" });
  // The same in fewer words, for a phone.
  #shortAge = element("span", { className: "light-age short" });
  #announcement = element("span", { className: "visually-hidden", role: "status" });
  #advice = element("p", { className: "advice", role: "alert", hidden: true });
  #lamp;
  #staleAdvice;
  /** @type {string | null} */
  #level = null;

  /**
   * @param {HTMLElement} where
   * @param {HTMLElement} adviceAt the element that the advice is put in front of
   * @param {string} [staleAdvice] the key of what to do once the page is out of date
   */
  constructor(where, adviceAt, staleAdvice = "light.advice.stale") {
    this.#staleAdvice = staleAdvice;
    const lamp = element("span", { className: "lamp", "aria-hidden": "true" });
    this.#lamp = element("p", { className: "light", data: { level: "late" } }, lamp, this.#word, this.#age, this.#shortAge);
    where.replaceChildren(this.#lamp, this.#announcement);
    adviceAt.before(this.#advice);
  }

  /** Show how fresh the feed is now, and return that; to be called every second. @param {Feed} feed */
  show(feed) {
    const { level, checkedMs } = feed.verdict();
    const isStopped = feed.phase === "stopped";
    const shown = isStopped ? "stale" : level;
    this.#lamp.dataset.level = shown;
    this.#word.textContent = say(wordFor(feed, shown, checkedMs));
    const age = checkedMs === null ? null : duration(checkedMs);
    this.#age.textContent = age === null ? "" : say("light.checked", { age });
    this.#shortAge.textContent = age === null ? "" : say("light.checked_short", { age });
    this.#announce(shown);
    const advice = feed.reason ? `light.advice.${feed.reason}` : this.#staleAdvice;
    this.#advise(shown === "stale" ? advice : null);
    return shown;
  }

  /** @param {string} level */
  #announce(level) {
    if (this.#level !== null && this.#level !== level) {
      this.#announcement.textContent = say(`light.announce.${level}`);
    }
    this.#level = level;
  }

  /** @param {string | null} key */
  #advise(key) {
    const text = key ? say(key) : "";
    if (this.#advice.textContent !== text) this.#advice.textContent = text;
    this.#advice.hidden = !key;
  }
}

/** @param {Feed} feed @param {string} level @param {number | null} checkedMs */
function wordFor(feed, level, checkedMs) {
  if (feed.phase === "stopped") return "light.stopped";
  if (level !== "late") return `light.${level}`;
  if (checkedMs === null) return "light.connecting";
  return feed.phase === "open" ? "light.late" : "light.reconnecting";
}
