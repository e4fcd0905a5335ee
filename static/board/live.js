// @ts-check
/** What a live page is made of: a feed, the store that it fills, and the light. */

import { Feed } from "./feed.js";
import { fetchRest } from "./later.js";
import { Light } from "./light.js";
import { apply, empty, merge } from "./store.js";

/** @typedef {import("./store.js").State} State */
/** @typedef {import("./session.js").Session} Session */

// Frames that come together, as after a reconnect, are shown together.
const GATHER_MS = 16;

export class Live {
  /** @type {State} */
  state = empty();
  feed;
  #light;
  #show;
  #heard;
  #turned;
  /** @type {string | null} */
  #level = null;
  #serverAheadMs = 0;
  #isPlanned = false;

  /**
   * @param {object} given
   * @param {string} given.path of the channel
   * @param {Session} [given.session] absent on the public channels
   * @param {HTMLElement} given.light
   * @param {HTMLElement} given.main
   * @param {(state: State) => void} given.show draw the page; called after every change
   * @param {(reason: string) => void} [given.stopped] the server wants the page to stay away
   * @param {(frame: any) => void} [given.heard] told of each frame, once the state has it
   * @param {(level: string) => void} [given.turned] told of each change of the light
   * @param {string} [given.staleAdvice] the key of what to do once the page is out of date
   */
  constructor({ path, session, light, main, show, stopped, heard, turned, staleAdvice }) {
    this.#show = show;
    this.#heard = heard;
    this.#turned = turned;
    this.#light = new Light(light, main, staleAdvice);
    this.feed = new Feed({
      path,
      take: (frame) => this.#take(frame),
      changed: () => this.#changed(stopped),
      token: session && (() => session.token()),
      renew: session && (() => session.refresh()),
    });
    session?.addEventListener("renewed", () => this.feed.authenticate().catch(() => {}));
    this.#watch();
  }

  start() {
    return this.feed.start();
  }

  /** Whether a snapshot has come, so that what is empty is known to be empty. */
  get hasBegun() {
    return this.state.epoch !== null;
  }

  /** The server's time in ms: ages are counted by its clock, since a tablet's own is often wrong. */
  serverNow() {
    return Date.now() + this.#serverAheadMs;
  }

  /** Take in an answer of the API before the feed tells of it. @param {string} kind @param {any} thing */
  merge(kind, thing) {
    this.state = merge(this.state, kind, thing);
    this.#plan();
  }

  /** @param {any} frame */
  #take(frame) {
    const before = this.state;
    if (frame.type === "snapshot" && before.epoch !== null && frame.epoch !== before.epoch) {
      // The database was restored: what a page has drawn, or keeps beside its state, may be of orders that are gone.
      location.reload();
      return;
    }
    this.state = apply(this.state, frame);
    if (frame.type === "beat") this.#serverAheadMs = Date.parse(frame.at) - Date.now();
    if (this.state !== before) this.#plan();
    this.#heard?.(frame);
  }

  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setTimeout(() => {
      this.#isPlanned = false;
      this.#show(this.state);
    }, GATHER_MS);
  }

  /** @param {((reason: string) => void) | undefined} stopped */
  #changed(stopped) {
    this.#shine();
    if (this.feed.phase === "stopped") stopped?.(this.feed.reason ?? "");
  }

  #shine() {
    const level = this.#light.show(this.feed);
    if (level === this.#level) return;
    this.#level = level;
    if (level === "live") fetchRest();
    this.#turned?.(level);
  }

  #watch() {
    const look = (/** @type {boolean} */ isHopeful) => {
      this.feed.check(isHopeful);
      this.#shine();
    };
    setInterval(() => look(false), 1000);
    addEventListener("online", () => look(true));
    addEventListener("pageshow", () => look(true));
    document.addEventListener("visibilitychange", () => look(document.visibilityState === "visible"));
  }
}
