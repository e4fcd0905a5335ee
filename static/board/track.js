// @ts-check
/** Where an order stands, as a track of four steps. */

import { element } from "./element.js";
import { timeOfDay } from "./format.js";
import { STEPS } from "./lifecycle.js";
import { say } from "./words.js";

/** @param {import("./store.js").Order} order */
export function track(order) {
  const times = [order.placed_at, order.preparing_at, order.ready_at, order.picked_up_at];
  const standing = STEPS.indexOf(order.status);
  const steps = STEPS.map((status, index) => {
    const time = times[index];
    const step = element(
      "li",
      { data: { status, step: stepOf(index, standing, time) } },
      element("span", { className: "step-word" }, say(`step.${status}`)),
      time && element("time", { dateTime: time }, timeOfDay(time)),
    );
    if (index === standing) step.setAttribute("aria-current", "step");
    return step;
  });
  return element("ol", { className: "track", data: { status: order.status } }, ...steps);
}

/** @param {number} index @param {number} standing @param {string | null} time */
function stepOf(index, standing, time) {
  if (index === standing) return "now";
  return index < standing || time ? "done" : "ahead";
}
