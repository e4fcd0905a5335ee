// @ts-check
/** DOM elements without markup: all text is set as text, so nothing that a person typed can become anything else. */

/** @typedef {Node | string | null | undefined | false} Child */

// Those without a property of the same name that takes a text.
const ATTRIBUTES = new Set(["role", "list"]);

/**
 * Make an element. `data` fills its dataset, `on` its listeners; names with a hyphen become attributes, all others
 * properties.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [given]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, { data = {}, on = {}, ...given } = {}, ...children) {
  const made = document.createElement(tag);
  Object.assign(made.dataset, data);
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  for (const [name, value] of Object.entries(given)) {
    if (name.includes("-") || ATTRIBUTES.has(name)) made.setAttribute(name, value);
    else /** @type {any} */ (made)[name] = value;
  }
  made.append(.../** @type {(Node | string)[]} */ (children.filter((child) => child || child === "")));
  return made;
}

/** @param {string} text @param {() => void} click @param {string} [className] */
export function button(text, click, className = "") {
  return element("button", { type: "button", className, on: { click } }, text);
}

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`This page has no #${id}`);
  return found;
}

/**
 * Make a container show these things, one element each, in this order. An element is made again only when the mark of
 * its thing changes; the focus stays on its thing.
 * @template T
 * @param {HTMLElement} container
 * @param {T[]} things
 * @param {{key: (thing: T) => string, mark: (thing: T) => string, make: (thing: T) => HTMLElement}} how
 */
export function showList(container, things, { key, mark, make }) {
  const before = new Map([...container.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, child]));
  const wanted = things.map((thing) => {
    const known = /** @type {HTMLElement | undefined} */ (before.get(key(thing)));
    if (known?.dataset.mark === mark(thing)) return known;
    const made = make(thing);
    Object.assign(made.dataset, { key: key(thing), mark: mark(thing) });
    keepFocus(known, made);
    return made;
  });
  place(container, wanted);
}

/** Moving a node drops its focus and restarts its animations, so those that stand right are left alone.
 * @param {HTMLElement} container @param {HTMLElement[]} wanted */
function place(container, wanted) {
  const kept = new Set(wanted);
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  for (const child of [...container.children]) {
    if (!kept.has(/** @type {HTMLElement} */ (child))) child.remove();
  }
  wanted.forEach((child, index) => {
    if (container.children[index] !== child) container.insertBefore(child, container.children[index] ?? null);
  });
  if (container.contains(focused) && document.activeElement !== focused) focused?.focus({ preventScroll: true });
}

/** @param {HTMLElement | undefined} known @param {HTMLElement} made */
function keepFocus(known, made) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  if (!known?.contains(focused)) return;
  const name = focused?.dataset.focus;
  // The element is not in the page yet; it will be once this run of scripts has placed it.
  queueMicrotask(() => {
    const heir = made.querySelector(`[data-focus="${name}"]`) ?? made.querySelector("button");
    /** @type {HTMLElement | null} */ (heir)?.focus({ preventScroll: true });
  });
}

/**
 * Show a text in an element, or hide the element when there is none.
 * @param {HTMLElement} where
 * @param {string} text
 */
export function tell(where, text) {
  where.textContent = text;
  where.hidden = text === "";
}
