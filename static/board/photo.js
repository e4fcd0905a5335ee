// @ts-check
/** The picture of an item, in a place of fixed size. It comes from wherever the shop keeps it, and may never come. */

import { element } from "./element.js";

/** @typedef {import("./store.js").Item} Item */

const SIZE_PX = 72;
// What did not come is not asked for again each time that a row is drawn anew.
/** @type {Set<string>} */
const broken = new Set();

/**
 * The picture; until it is there, and where it never comes, the first letter of the name.
 * @param {Item} item
 * @returns {HTMLElement | null} null for an item without one
 */
export function photo({ name, photo_url: url }) {
  if (!url) return null;
  const place = element("span", { className: "photo", "aria-hidden": "true", data: { letter: initial(name) } });
  if (!broken.has(url)) place.append(image(url));
  return place;
}

/** Only what comes into sight is fetched, and its server learns nothing of the page. @param {string} url */
function image(url) {
  const given = { loading: "lazy", decoding: "async", referrerPolicy: "no-referrer", width: SIZE_PX, height: SIZE_PX, alt: "" };
  const made = element("img", given);
  made.addEventListener("error", () => (broken.add(url), made.remove()));
  // Last of all: what is set afterwards comes too late for what is already on its way.
  made.src = url;
  return made;
}

/** What a reader takes for one letter. @param {string} name */
function initial(name) {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment.toLocaleUpperCase() ?? "";
}
