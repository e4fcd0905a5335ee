// @ts-check
/**
 * The sound of a page on this device: wanted or not, and whether the browser lets it be heard.
 *
 * Browsers keep a page silent until somebody has touched it. Until then it is `blocked`; the first touch, wherever it
 * is, ends that.
 */

import { device } from "./kept.js";
import { samples, TONES } from "./tones.js";

/** @typedef {import("./tones.js").ToneName} ToneName */
/** @typedef {"on" | "blocked" | "muted" | "missing"} SoundState */

// Only these count as a touch for browsers; a finger that is only put down does not.
const TOUCHES = ["click", "pointerup", "keydown"];

export class Sound extends EventTarget {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {Map<ToneName, AudioBuffer>} */
  #buffers = new Map();
  /** @type {AudioBufferSourceNode | null} */
  #ringing = null;
  /** @type {ToneName | null} what rings as soon as it may be heard */
  #wanted = null;
  #key;
  #isMuted;

  /**
   * @param {string} page each kind of page is muted by itself
   * @param {boolean} isUsual whether it is to be heard until somebody has chosen
   */
  constructor(page, isUsual) {
    super();
    this.#key = `orderflow.sound.${page}`;
    this.#isMuted = (device.getItem(this.#key) ?? (isUsual ? "on" : "muted")) === "muted";
    for (const touch of TOUCHES) addEventListener(touch, () => this.#unlock(), { capture: true });
    // A phone that was locked, or a call, has interrupted it.
    document.addEventListener("visibilitychange", () => this.#resume());
    // Runs at once where no touch is needed, as in a kiosk that was set up so. It takes a slow tablet 60 ms: what the page
    // asks the server for is on its way by then.
    if (!this.#isMuted) queueMicrotask(() => this.#make());
  }

  /** @returns {SoundState} */
  get state() {
    if (!("AudioContext" in globalThis)) return "missing";
    if (this.#isMuted) return "muted";
    return this.#context?.state === "running" ? "on" : "blocked";
  }

  /** Mute it or not, and remember that on this device. @param {boolean} isMuted */
  mute(isMuted) {
    this.#isMuted = isMuted;
    device.setItem(this.#key, isMuted ? "muted" : "on");
    this.#unlock();
    this.#ring();
    this.#changed();
  }

  /** Let a tone be heard once. @param {ToneName} name */
  play(name) {
    if (this.state === "on") this.#source(name).start();
  }

  /** Let a tone be heard again and again, or none any more. @param {ToneName | null} name */
  ring(name) {
    if (name === this.#wanted) return;
    this.#wanted = name;
    this.#ring();
  }

  #ring() {
    this.#ringing?.stop();
    this.#ringing?.disconnect();
    this.#ringing = null;
    if (this.#wanted === null || this.state !== "on") return;
    // Looped by the audio hardware's own clock: the timers of a page that is not looked at nearly stand still.
    this.#ringing = this.#source(this.#wanted);
    this.#ringing.loop = true;
    this.#ringing.start();
  }

  /** @param {ToneName} name */
  #source(name) {
    const context = /** @type {AudioContext} */ (this.#context);
    const source = new AudioBufferSourceNode(context, { buffer: this.#buffer(name, context) });
    source.connect(context.destination);
    source.onended = () => source.disconnect();
    return source;
  }

  /** @param {ToneName} name @param {AudioContext} context */
  #buffer(name, context) {
    const known = this.#buffers.get(name);
    if (known) return known;
    const made = samples(TONES[name], context.sampleRate);
    const buffer = new AudioBuffer({ length: made.length, sampleRate: context.sampleRate });
    buffer.copyToChannel(made, 0);
    this.#buffers.set(name, buffer);
    return buffer;
  }

  #unlock() {
    if (this.#isMuted) return;
    this.#make();
    this.#resume();
  }

  #make() {
    if (this.#context || this.#isMuted || this.state === "missing") return;
    this.#context = new AudioContext();
    this.#context.onstatechange = () => (this.#ring(), this.#changed());
  }

  #resume() {
    if (this.#context && this.#context.state !== "running" && navigator.userActivation?.hasBeenActive !== false) {
      this.#context.resume().catch(() => {});
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
