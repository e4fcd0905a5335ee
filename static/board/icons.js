// @ts-check
/** Small drawings in the colour of the words beside them. */

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
