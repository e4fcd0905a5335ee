// @ts-check
/** A screen that stands in a shop all day: its buttons for sound and full screen, and that it stays on. */

import { element } from "./element.js";
import { say } from "./words.js";

/** @typedef {import("./sound.js").Sound} Sound */

/**
 * Put them into a place of the page.
 * @param {HTMLElement} where
 * @param {Sound} sound
 */
export function screenTools(where, sound) {
  where.append(soundButton(sound));
  if (document.fullscreenEnabled) where.append(fullScreenButton());
}

/** @param {Sound} sound */
function soundButton(sound) {
  const button = element("button", { type: "button", className: "tool", data: { act: "sound" } });
  const show = () => {
    const { state } = sound;
    button.dataset.sound = state;
    button.hidden = state === "missing";
    button.setAttribute("aria-label", say(`sound.${state}_label`));
    button.title = say(`sound.${state}_label`);
    // Said in words only where somebody is needed: all else is a picture.
    const text = state === "blocked" && element("span", {}, say("sound.blocked"));
    button.replaceChildren(icon(state === "on" ? "sound-on" : "sound-off"), ...(text ? [text] : []));
  };
  let wasBlocked = false;
  // The touch itself ends the block, before its click comes.
  button.addEventListener("pointerdown", () => (wasBlocked = sound.state === "blocked"));
  button.addEventListener("click", () => {
    const isMuted = !wasBlocked && sound.state === "on";
    wasBlocked = false;
    sound.mute(isMuted);
    if (!isMuted) whenOn(sound, () => sound.play("check"));
  });
  sound.addEventListener("change", show);
  show();
  return button;
}

/** Whoever turns the sound on hears how loud it is. @param {Sound} sound @param {() => void} then */
function whenOn(sound, then) {
  if (sound.state === "on") then();
  else sound.addEventListener("change", () => sound.state === "on" && then(), { once: true });
}

function fullScreenButton() {
  const button = element("button", { type: "button", className: "tool", data: { act: "full-screen" } });
  const show = () => {
    const isFull = document.fullscreenElement !== null;
    button.setAttribute("aria-pressed", String(isFull));
    button.setAttribute("aria-label", say("screen.full"));
    button.title = say(isFull ? "screen.full_end" : "screen.full");
    button.replaceChildren(icon(isFull ? "full-screen-end" : "full-screen"));
  };
  button.addEventListener("click", () => {
    const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    // A browser that refuses shows so by staying as it is.
    change.catch(() => {});
  });
  document.addEventListener("fullscreenchange", show);
  show();
  return button;
}

const SVG = "http://www.w3.org/2000/svg";
const SPEAKER = "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5z";
// Lines on a field of 24 by 24.
const DRAWINGS = Object.freeze({
  "sound-on": `${SPEAKER}M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11`,
  "sound-off": `${SPEAKER}M15.5 9.5l5 5M20.5 9.5l-5 5`,
  "full-screen": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  "full-screen-end": "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
});

/** @typedef {keyof typeof DRAWINGS} IconName */

/** @param {IconName} name */
export function icon(name) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "icon");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", DRAWINGS[name]);
  drawing.append(path);
  return drawing;
}

/** Keep the screen on from now on. */
export function stayAwake() {
  if (!("wakeLock" in navigator)) return;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let isAsking = false;
  const take = async () => {
    if (document.visibilityState !== "visible" || isAsking || (lock && !lock.released)) return;
    isAsking = true;
    // Refused on a nearly empty battery; asked again when the page is next looked at or touched.
    lock = await navigator.wakeLock.request("screen").catch(() => null);
    isAsking = false;
  };
  // The browser lets go of it whenever the page is hidden.
  document.addEventListener("visibilitychange", take);
  addEventListener("pointerup", take);
  take();
}
