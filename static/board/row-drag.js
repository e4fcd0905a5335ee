// @ts-check
/** Rows of a list, dragged by a handle: with a mouse, a pen or a finger. What is moved past steps aside. */

/** @typedef {{canPass: (row: HTMLElement, other: HTMLElement) => boolean, ended: (row: HTMLElement, isDropped: boolean) => void}} Given */

const HANDLE = "[data-drag]";
// Less is a tap.
const BEGINS_AT_PX = 6;
// So near to the edge of the screen, the page moves along.
const EDGE_PX = 72;
const FASTEST_PX = 14;
const GLIDE_MS = 140;

export class RowDrag {
  #list;
  #given;
  /** @type {Drag | null} */
  #drag = null;

  /** @param {HTMLElement} list @param {Given} given */
  constructor(list, given) {
    this.#list = list;
    this.#given = given;
    list.addEventListener("pointerdown", (event) => this.#begin(event));
  }

  /** Whether a row is in somebody's hand, so that the list has to be left alone. */
  get isUnderWay() {
    return this.#drag?.hasBegun ?? false;
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    const handle = /** @type {HTMLElement} */ (event.target).closest(HANDLE);
    if (this.#drag || !handle || !event.isPrimary || event.button !== 0) return;
    const row = /** @type {HTMLElement} */ (handle.closest("li"));
    this.#drag = new Drag(this.#list, row, /** @type {HTMLElement} */ (handle), event, this.#given.canPass, (isDropped) => {
      const { hasBegun } = /** @type {Drag} */ (this.#drag);
      this.#drag = null;
      if (hasBegun) this.#given.ended(row, isDropped);
    });
  }
}

class Drag {
  hasBegun = false;
  #list;
  #row;
  #handle;
  #canPass;
  #ended;
  #next;
  #start;
  #y;
  #scrolled = scrollY;
  #listening = new AbortController();

  /**
   * @param {HTMLElement} list @param {HTMLElement} row @param {HTMLElement} handle @param {PointerEvent} event
   * @param {Given["canPass"]} canPass @param {(isDropped: boolean) => void} ended
   */
  constructor(list, row, handle, event, canPass, ended) {
    this.#list = list;
    this.#row = row;
    this.#handle = handle;
    this.#canPass = canPass;
    this.#ended = ended;
    this.#next = row.nextElementSibling;
    this.#start = event.clientY + scrollY;
    this.#y = event.clientY;
    const { signal } = this.#listening;
    const isOurs = (/** @type {PointerEvent} */ { pointerId }) => pointerId === event.pointerId;
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", (moved) => isOurs(moved) && this.#move(moved.clientY), { signal });
    handle.addEventListener("pointerup", (up) => isOurs(up) && this.#end(true), { signal });
    handle.addEventListener("lostpointercapture", (lost) => isOurs(lost) && this.#end(false), { signal });
    document.addEventListener("keydown", (key) => key.key === "Escape" && this.#end(false), { signal });
  }

  /** @param {number} y */
  #move(y) {
    this.#y = y;
    if (this.hasBegun) return this.#follow();
    if (Math.abs(this.#way) < BEGINS_AT_PX) return;
    this.hasBegun = true;
    this.#row.dataset.dragged = "";
    this.#list.dataset.dragging = "";
    this.#follow();
    this.#scroll();
  }

  /** Keep the row below the hand, and let those that it has passed by half step to its other side. */
  #follow() {
    // Moving the row itself in the document would take it out of the hand.
    for (let other = this.#passed(); other; other = this.#passed()) {
      const before = other.getBoundingClientRect().top;
      const isBelow = this.#row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      const { offsetTop } = this.#row;
      this.#list.insertBefore(other, isBelow ? this.#row : this.#row.nextElementSibling);
      this.#start += this.#row.offsetTop - offsetTop;
      glide(other, before - other.getBoundingClientRect().top);
    }
    this.#row.style.setProperty("--drag", `${this.#way}px`);
  }

  /** How far the hand is from where the row would be without it. */
  get #way() {
    return this.#y + scrollY - this.#start;
  }

  /** The neighbour that the row has passed. @returns {HTMLElement | null} */
  #passed() {
    const { offsetTop, offsetHeight } = this.#row;
    const top = offsetTop + this.#way;
    const [above, below] = /** @type {(HTMLElement | null)[]} */ ([this.#row.previousElementSibling, this.#row.nextElementSibling]);
    if (below && this.#canPass(this.#row, below) && top + offsetHeight > below.offsetTop + below.offsetHeight / 2) return below;
    if (above && this.#canPass(this.#row, above) && top < above.offsetTop + above.offsetHeight / 2) return above;
    return null;
  }

  #scroll() {
    if (this.#listening.signal.aborted) return;
    const [above, below] = [EDGE_PX - this.#y, this.#y - (innerHeight - EDGE_PX)];
    const way = Math.max(above, below);
    if (way > 0) scrollBy(0, Math.sign(below - above) * Math.min(FASTEST_PX, way / 4));
    if (scrollY !== this.#scrolled) this.#follow();
    this.#scrolled = scrollY;
    requestAnimationFrame(() => this.#scroll());
  }

  /** @param {boolean} isDropped */
  #end(isDropped) {
    this.#listening.abort();
    if (!isDropped && this.hasBegun) this.#list.insertBefore(this.#row, this.#next);
    delete this.#row.dataset.dragged;
    delete this.#list.dataset.dragging;
    this.#row.style.removeProperty("--drag");
    if (this.hasBegun) swallowClick(this.#handle);
    this.#ended(isDropped);
  }
}

/** What ends a drag is a click to the browser, and to nobody else. @param {HTMLElement} handle */
function swallowClick(handle) {
  const swallow = (/** @type {Event} */ event) => (event.stopPropagation(), event.preventDefault());
  handle.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => handle.removeEventListener("click", swallow, { capture: true }));
}

/** @param {HTMLElement} row @param {number} from */
function glide(row, from) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  row.animate([{ transform: `translateY(${from}px)` }, { transform: "none" }], { duration: GLIDE_MS, easing: "ease-out" });
}
