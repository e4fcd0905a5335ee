// @ts-check
/** A counter that can be left alone: what its board has to make heard, its buttons for that, and a screen that stays on. */

import { Alarm } from "./alarm.js";
import { byId } from "./element.js";
import { screenTools, stayAwake } from "./screen-tools.js";
import { Sound } from "./sound.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */

// Who has not seen by then that an order was cancelled finds it among those done lately.
const CANCELLED_SHOWN_MS = 15 * 60_000;

/**
 * @param {HTMLElement} tools where the buttons go
 * @param {(text: string, about: {cancelled: string}) => HTMLElement} notice says something until somebody has read it
 */
export function counterAlarm(tools, notice) {
  const sound = new Sound("board", true);
  const sign = byId("ringing");
  const alarm = new Alarm({
    sound,
    changed: () => showRinging(),
    cancelled: (order) => {
      const row = notice(cancelledText(order), { cancelled: order.id });
      setTimeout(() => row.remove(), CANCELLED_SHOWN_MS);
    },
  });
  const showRinging = () => {
    const isHeard = alarm.ringing !== null && sound.state === "on";
    document.body.dataset.ringing = isHeard ? String(alarm.ringing) : "";
    sign.textContent = isHeard ? say("alarm.silence") : sound.state === "blocked" ? say("sound.blocked") : "";
  };
  screenTools(tools, sound);
  sound.addEventListener("change", showRinging);
  showRinging();
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => alarm.touched(), { capture: true });
  stayAwake();
  return alarm;
}

/** @param {Order} order */
function cancelledText({ number, cancelled_by, reason }) {
  const who = cancelled_by === "customer" ? "customer" : "shop";
  return say(reason ? `alarm.cancelled_why.${who}` : `alarm.cancelled.${who}`, { number, reason: reason ?? "" });
}
