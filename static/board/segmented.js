// @ts-check
/** A choice of one among a few that takes effect at once. Each says a state, not a change: a double tap does no harm. */

import { element } from "./element.js";

/**
 * @param {string} label what is chosen, for those who hear the page
 * @param {{value: string, text: string}[]} options
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function segmented(label, options, chosen, choose) {
  const buttons = options.map(({ value, text }) =>
    element(
      "button",
      { type: "button", data: { act: value, focus: value }, "aria-pressed": String(value === chosen), on: { click: () => choose(value) } },
      text,
    ),
  );
  return element("div", { className: "segmented", role: "group", "aria-label": label }, ...buttons);
}
