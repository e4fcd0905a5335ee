// @ts-check
/** Cards glide to where they stand now. Only the eye is told: they can be tapped at once, where they are. */

const GLIDE = { duration: 240, easing: "cubic-bezier(0.2, 0, 0, 1)" };
const ARRIVE = { duration: 200, easing: "ease-out" };

/** @typedef {{card: HTMLElement, list: Element | null, box: DOMRect}} Seen */

let hasBegun = false;

/**
 * Change which cards stand where, and let those that can be seen glide there.
 * @param {HTMLElement} place with all lists of cards in it
 * @param {() => void} change
 */
export function glide(place, change) {
  const before = !hasBegun || document.hidden || isStill() ? null : seen(place);
  hasBegun = true;
  change();
  if (before) animate(place, before);
}

/** Whether somebody has asked for less motion. */
export function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @param {HTMLElement} place @returns {Map<string, Seen>} */
function seen(place) {
  const found = cardsOf(place).map((card) => ({ card, list: card.parentElement, box: card.getBoundingClientRect() }));
  return new Map(found.map((each) => [each.card.dataset.order ?? "", each]));
}

/** @param {HTMLElement} place @param {Map<string, Seen>} before */
function animate(place, before) {
  const frame = place.getBoundingClientRect();
  const isInSight = (/** @type {DOMRect} */ box) => box.width > 0 && box.bottom > frame.top && box.top < frame.bottom;
  // All are measured before any is moved: one after the other would lay out the page for each.
  const after = cardsOf(place).map((card) => ({ card, box: card.getBoundingClientRect() }));
  for (const { card, box } of after) {
    const known = before.get(card.dataset.order ?? "");
    if (!known) {
      if (isInSight(box)) card.animate([{ opacity: 0, translate: "0 0.5rem" }, {}], ARRIVE);
    } else if (known.list === card.parentElement) {
      if (isInSight(box) || isInSight(known.box)) slide(card, known.box, box);
    } else if (isInSight(known.box)) cross(card, known, box, frame);
  }
}

/** @param {HTMLElement} card @param {DOMRect} from @param {DOMRect} to */
function slide(card, from, to) {
  const [x, y] = [from.left - to.left, from.top - to.top];
  if (Math.abs(x) + Math.abs(y) > 1) card.animate([{ translate: along(x, y) }, {}], GLIDE);
}

/**
 * From one column to another, above them both: what is left of the old card goes, the new one waits for it unseen.
 * @param {HTMLElement} card @param {Seen} known @param {DOMRect} to @param {DOMRect} frame
 */
function cross(card, { card: ghost, box: from }, to, frame) {
  const isShown = to.width > 0;
  const top = Math.min(Math.max(to.top, frame.top), frame.bottom);
  Object.assign(ghost.style, { position: "fixed", left: `${from.left}px`, top: `${from.top}px`, width: `${from.width}px`, zIndex: "3", margin: "0" });
  ghost.inert = true;
  ghost.ariaHidden = "true";
  ghost.className = "card ghost";
  document.body.append(ghost);
  const end = isShown ? { translate: along(to.left - from.left, top - from.top), width: `${to.width}px` } : { opacity: 0 };
  const going = ghost.animate([{ width: `${from.width}px`, opacity: 1 }, { opacity: 1, ...end }], GLIDE);
  going.onfinish = going.oncancel = () => ghost.remove();
  if (isShown) card.animate([{ opacity: 0 }, { opacity: 0, offset: 0.9 }, { opacity: 1 }], GLIDE);
}

/** @param {...number} px */
function along(...px) {
  return px.map((each) => `${each}px`).join(" ");
}

/** @param {HTMLElement} place @returns {HTMLElement[]} */
function cardsOf(place) {
  return [...place.querySelectorAll(".card")].map((card) => /** @type {HTMLElement} */ (card));
}
