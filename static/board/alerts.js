// @ts-check
/**
 * Telling customers what happens to their orders while they look elsewhere: by sound, by a buzz and, if they have asked
 * for it, by a notification. Nothing is asked for on its own.
 */

import { element, tell } from "./element.js";
import { device } from "./kept.js";
import { Sound } from "./sound.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/** @typedef {NotificationPermission | "missing"} Permission */

/** @type {Readonly<Record<string, import("./tones.js").ToneName>>} */
const TONES = Object.freeze({ ready: "called", cancelled: "cancelled" });
const BUZZ_MS = [200, 100, 200];
// Which version of which order was told last by any tab; of more orders than this nobody waits for news at a time.
const TOLD = "orderflow.told";
const TOLD_KEPT = 20;
// What one tab writes down the others read a moment later; until then a lock keeps them from telling as well.
const HELD_MS = 3_000;
const WORKER = "/static/board/notices.js";

export class Alerts {
  #sound = new Sound("orders", true);
  /** @type {Map<string, Status> | null} where each order stood, null before anything is known */
  #before = null;
  #button = element("button", { type: "button", data: { act: "alerts" } });
  #hint = element("p", { className: "hint", role: "status" });
  #where;
  #wasHeard = false;

  /** @param {HTMLElement} where */
  constructor(where) {
    this.#where = where;
    where.append(this.#button, this.#hint);
    // The touch itself lets sounds be heard, before its click comes.
    this.#button.addEventListener("pointerdown", () => (this.#wasHeard = this.#isWanted()));
    this.#button.addEventListener("keydown", () => (this.#wasHeard = this.#isWanted()));
    this.#button.addEventListener("click", () => this.#choose());
    this.#sound.addEventListener("change", () => this.#show());
    this.#show();
  }

  /**
   * Tell of each order that stands elsewhere than before. What is known from the start is no news.
   * @param {Iterable<Order>} orders
   */
  see(orders) {
    const before = this.#before;
    const now = new Map(before);
    for (const order of orders) {
      const known = before?.get(order.id);
      now.set(order.id, order.status);
      if (known !== undefined && known !== order.status) this.#tell(order);
    }
    this.#before = now;
  }

  /** Offer it only where something may still happen. @param {boolean} isOf */
  offer(isOf) {
    this.#where.hidden = !isOf;
  }

  /** @param {Order} order */
  async #tell(order) {
    const isHeard = this.#sound.state === "on";
    const isNotified = document.hidden && permission() === "granted" && this.#sound.state !== "muted";
    // Who cancels does not have to be told; and of two tabs one is enough.
    if (order.cancelled_by === "customer" || !(isHeard || isNotified) || !(await isFirst(order))) return;
    this.#sound.play(TONES[order.status] ?? "check");
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(BUZZ_MS);
    if (isNotified) notify(order);
  }

  /** Whether all that can be had is on, so that the button turns it off. */
  #isWanted() {
    return ["on", "missing"].includes(this.#sound.state) && permission() !== "default";
  }

  async #choose() {
    const isOff = this.#wasHeard;
    this.#wasHeard = false;
    this.#sound.mute(isOff);
    if (isOff) return;
    // Whoever turns it on hears that it works, and how loud it is.
    if (this.#sound.state === "on") this.#sound.play("check");
    else this.#sound.addEventListener("change", () => this.#sound.play("check"), { once: true });
    if (permission() === "default") await Notification.requestPermission();
    // Fetched now: when there is news, the phone may be between two networks.
    if (permission() === "granted" && !mayByItself()) await worker();
    this.#show();
  }

  #show() {
    const { state } = this.#sound;
    this.#button.textContent = say(this.#isWanted() ? "alerts.off" : "alerts.on");
    this.#button.className = this.#isWanted() ? "quiet" : "";
    const isNotified = state !== "muted" && permission() === "granted";
    tell(this.#hint, [state !== "missing" && say(`alerts.sound.${state}`), isNotified && say("alerts.notified")].filter(Boolean).join(" "));
  }
}

/** @returns {Permission} */
function permission() {
  if (!("Notification" in globalThis) || !isSecureContext) return "missing";
  return mayByItself() || "serviceWorker" in navigator ? Notification.permission : "missing";
}

/** Android lets no page notify: a worker has to. */
function mayByItself() {
  return !navigator.userAgent.includes("Android");
}

/** @param {Order} order */
async function notify(order) {
  const words = { number: order.number, shop: order.shop.name, reason: order.reason ?? "" };
  const title = say("alerts.title", { ...words, status: say(`step.${order.status}`) });
  const options = { body: say(`order.word.${order.status}`, words), tag: order.id, data: location.pathname };
  if (!mayByItself()) return (await worker()).showNotification(title, options);
  const note = new Notification(title, options);
  note.onclick = () => {
    focus();
    note.close();
  };
}

async function worker() {
  const registration = await navigator.serviceWorker.register(WORKER);
  const coming = registration.active ? null : (registration.waiting ?? registration.installing);
  if (coming) await new Promise((done) => coming.addEventListener("statechange", () => coming.state === "activated" && done(null)));
  return registration;
}

/** Whether no other tab has told of this, or is just doing so. @param {Order} order @returns {Promise<boolean>} */
async function isFirst(order) {
  // Missing where a page is served without TLS.
  if (!navigator.locks) return note(order);
  const held = () => new Promise((done) => setTimeout(done, HELD_MS));
  return new Promise((resolve) => {
    navigator.locks.request(`${TOLD} ${order.id} ${order.version}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null && note(order));
      return lock && held();
    }).catch(() => resolve(note(order)));
  });
}

/** Write down that this is told; false if it was before. @param {Order} order */
function note({ id, version }) {
  /** @type {[string, number][]} */
  const told = JSON.parse(device.getItem(TOLD) ?? "[]");
  if (told.some(([known, upTo]) => known === id && upTo >= version)) return false;
  const others = told.filter(([known]) => known !== id).slice(1 - TOLD_KEPT);
  device.setItem(TOLD, JSON.stringify([...others, [id, version]]));
  return true;
}
