// @ts-check
/** The buttons of a screen that stands in a shop all day: sound, and full screen. */

import { element } from "./element.js";
import { icon } from "./icons.js";
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
