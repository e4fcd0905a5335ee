// @ts-check
/**
 * One WebSocket that comes back: position, resume, close codes, backoff, token, and how fresh it is.
 *
 * Knows no page and no store: frames are handed to `take`, and `changed` is called when the phase changes and at each beat.
 */

import { delayMs } from "./backoff.js";
import { elapsedClock, Freshness } from "./freshness.js";

/** @typedef {"connecting" | "open" | "waiting" | "stopped"} Phase */
/** @typedef {"signed_out" | "refused" | "forbidden" | "unknown" | null} Reason why it stays away */
/**
 * @typedef {object} Given
 * @property {string} path
 * @property {(frame: any) => void} take
 * @property {() => void} [changed]
 * @property {() => Promise<string | null>} [token] absent on the public channels
 * @property {() => Promise<string | null>} [renew] a new token, after the server has refused one
 * @property {(url: string, protocols: string[]) => WebSocket} [open]
 * @property {() => number} [now]
 * @property {() => number} [random]
 */

const PROTOCOL = "orderflow.v1";
/** @type {ReadonlyMap<number, Reason>} */
const STAY_AWAY = new Map([
  [4400, "refused"],
  [4403, "forbidden"],
  [4404, "unknown"],
]);
const TOKEN_REFUSED = 4401;

export class Feed {
  /** @type {Phase} */
  phase = "connecting";
  /** @type {Reason} */
  reason = null;
  #given;
  #now;
  #freshness;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {string | null} */
  #epoch = null;
  #seq = 0;
  #attempt = 0;
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string | null} */
  #shown = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    this.#now = given.now ?? elapsedClock();
    this.#freshness = new Freshness(this.#now());
  }

  start() {
    this.reason = null;
    return this.#connect(this.#given.token);
  }

  /** Stay away until started again. @param {Reason} [reason] */
  stop(reason = null) {
    this.#leave();
    this.reason = reason;
    this.#enter("stopped");
  }

  /** How fresh this is, to be asked every second. */
  verdict() {
    return this.#freshness.verdict(this.#now(), this.phase === "open");
  }

  /**
   * Look whether the socket still lives: a frozen tab or a sleeping phone hears nothing of its death.
   * @param {boolean} [isHopeful] something has changed for the better, so a wait is cut short
   */
  check(isHopeful = false) {
    const isTrying = this.phase === "open" || this.phase === "connecting";
    if (isTrying && this.#freshness.isStarved(this.#now())) this.#comeBack();
    else if (isHopeful && this.phase === "waiting") this.#wait(delayMs(0, this.#given.random));
  }

  /** Show the server the newest token before the old one ends. */
  async authenticate() {
    const turn = this.#turn;
    const token = await this.#given.token?.();
    if (!token || turn !== this.#turn || this.phase !== "open" || token === this.#shown) return;
    this.#shown = token;
    this.#socket?.send(JSON.stringify({ type: "auth", token }));
  }

  /** @param {(() => Promise<string | null>) | undefined} takeToken */
  async #connect(takeToken) {
    this.#leave();
    const turn = this.#turn;
    this.#freshness.opening(this.#now());
    this.#enter("connecting");
    const token = takeToken ? await takeToken().catch(() => undefined) : null;
    if (turn !== this.#turn) return;
    if (token === undefined) this.#comeBack();
    else if (takeToken && !token) this.stop("signed_out");
    else this.#open(token);
  }

  /** @param {string | null} token */
  #open(token) {
    const open = this.#given.open ?? ((url, protocols) => new WebSocket(url, protocols));
    const socket = open(this.#address(), token ? [PROTOCOL, `bearer.${token}`] : [PROTOCOL]);
    this.#shown = token;
    this.#socket = socket;
    socket.onmessage = (message) => this.#hear(message.data);
    socket.onclose = (close) => this.#closed(close.code);
    socket.onopen = () => {
      this.#enter("open");
      this.authenticate().catch(() => {});
    };
  }

  #address() {
    const address = new URL(this.#given.path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    if (this.#epoch !== null) {
      address.searchParams.set("after", String(this.#seq));
      address.searchParams.set("epoch", this.#epoch);
    }
    return address.href;
  }

  /** @param {any} data */
  #hear(data) {
    const frame = parsed(data);
    if (!frame) return;
    this.#given.take(frame);
    if (frame.type === "snapshot") [this.#epoch, this.#seq] = [frame.epoch, frame.seq];
    else if (typeof frame.seq === "number") this.#seq = Math.max(this.#seq, frame.seq);
    // Only now is it known that the socket is of use; a server that opens and closes is no reason to hurry.
    if (frame.type === "beat") this.#attempt = 0;
    if (!this.#freshness.heard(frame, this.#now())) this.#comeBack();
    // The light turns as soon as there is proof, not when it is next looked at.
    else if (frame.type === "beat") this.#given.changed?.();
  }

  /** @param {number} code */
  #closed(code) {
    const reason = STAY_AWAY.get(code);
    if (reason) this.stop(reason);
    else if (code === TOKEN_REFUSED && !this.#given.renew) this.stop("signed_out");
    else this.#comeBack(code === TOKEN_REFUSED ? this.#given.renew : undefined);
  }

  /** @param {() => Promise<string | null>} [takeToken] */
  #comeBack(takeToken = this.#given.token) {
    this.#leave();
    this.#enter("waiting");
    this.#wait(delayMs(this.#attempt, this.#given.random), takeToken);
    this.#attempt += 1;
  }

  /** @param {number} ms @param {() => Promise<string | null>} [takeToken] */
  #wait(ms, takeToken = this.#given.token) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(takeToken), ms);
  }

  /** Forget the socket at once: closing one whose peer is gone takes minutes. */
  #leave() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onopen = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** @param {Phase} phase */
  #enter(phase) {
    this.phase = phase;
    this.#given.changed?.();
  }
}

/** @param {any} data */
function parsed(data) {
  try {
    const frame = JSON.parse(data);
    return typeof frame?.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
