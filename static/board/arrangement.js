// @ts-check
/**
 * The order of a menu: what it is, what it is after something was moved, and which positions make it so. Pure.
 *
 * An item has a position; the menu goes by it, then by id, and shows categories together, each where its first item
 * stands.
 */

/** @typedef {import("./store.js").Item} Item */
/** @typedef {{name: string, items: Item[]}} Group the items of one category, or of none */
/** @typedef {{id: string, after: string | null, before: string | null}} ItemWish beside which others an item shall stand */
/** @typedef {{category: string, after: string | null, before: string | null}} GroupWish the same for a category */
/** @typedef {{id: string, position: number}} Change */

// Room for many to be put between two others, each by one change.
const STEP = 1000;
const LAST = 1_000_000;

/** @param {Item[]} items by position @returns {Group[]} */
export function groups(items) {
  const names = [...new Set(items.map((item) => item.category ?? ""))];
  return names.map((name) => ({ name, items: items.filter((item) => (item.category ?? "") === name) }));
}

/** @param {Item[]} items by position @returns {Item[]} as a reader of the menu comes across them */
export function asRead(items) {
  return groups(items).flatMap((group) => group.items);
}

/**
 * The items after a wish came true. Where what it names is gone by now, nothing changes.
 * @param {Item[]} items as read @param {ItemWish | GroupWish} wish
 */
export function moved(items, wish) {
  if ("category" in wish) {
    return beside(groups(items), wish.category, wish, ({ name }) => name).flatMap((group) => group.items);
  }
  return beside(items, wish.id, wish, ({ id }) => id);
}

/**
 * The wish that one thing stands at an index among others.
 * @param {string[]} keys of all of them in their order @param {string} key @param {number} index
 */
export function placed(keys, key, index) {
  const others = keys.filter((other) => other !== key);
  return { after: others[index - 1] ?? null, before: others[index] ?? null };
}

/**
 * The fewest changes of positions that bring items into this order, in the order in which to make them: nothing jumps
 * over another thing on its way.
 * @param {Item[]} wanted
 * @returns {Change[]}
 */
export function changes(wanted) {
  const kept = mostKept(wanted);
  const made = kept.slice(1).flatMap((end, turn) => between(wanted, kept[turn], end));
  const before = new Map(wanted.map(({ id, position }) => [id, position]));
  const rises = (/** @type {Change} */ { id, position }) => position > (before.get(id) ?? 0);
  return [...made.filter((change) => !rises(change)), ...made.filter(rises).reverse()];
}

/**
 * The position of a new item: the last of its category, or of the menu.
 * @param {Item[]} items by position @param {string} category
 */
export function positionOfNew(items, category) {
  const own = items.findLastIndex((item) => (item.category ?? "") === category);
  const last = items[own < 0 ? items.length - 1 : own];
  if (!last) return STEP;
  const next = items[items.indexOf(last) + 1];
  // Beside an equal one it stands behind, as its id is the newest.
  return next ? Math.floor((last.position + next.position) / 2) : Math.min(last.position + STEP, LAST);
}

/**
 * @template T
 * @param {T[]} things @param {string} key @param {{after: string | null, before: string | null}} where
 * @param {(thing: T) => string} keyOf
 */
function beside(things, key, { after, before }, keyOf) {
  const thing = things.find((each) => keyOf(each) === key);
  const others = things.filter((each) => each !== thing);
  const behind = others.findIndex((each) => keyOf(each) === after);
  const ahead = others.findIndex((each) => keyOf(each) === before);
  if (!thing || (behind < 0 && ahead < 0)) return things;
  return others.toSpliced(behind < 0 ? ahead : behind + 1, 0, thing);
}

/**
 * The indexes of the most items that can stay where they are; with -1 before and the length behind all of them.
 * @param {Item[]} wanted
 */
function mostKept(wanted) {
  /** For each index, shifted by one, the least that has to move before it, and which one stays before it. */
  const best = Array.from({ length: wanted.length + 2 }, (_, at) => ({ moves: at === 0 ? 0 : Infinity, from: -1 }));
  for (let from = -1; from < wanted.length; from += 1) {
    let tight = placeAt(wanted, from);
    for (let to = from + 1; to <= wanted.length; to += 1) {
      const moves = best[from + 1].moves + to - from - 1;
      if (moves < best[to + 1].moves && isBefore(tight, placeAt(wanted, to))) best[to + 1] = { moves, from };
      if (to < wanted.length) tight = tightlyAfter(tight, wanted[to]);
    }
  }
  const kept = [wanted.length];
  while (kept[0] >= 0) kept.unshift(best[kept[0] + 1].from);
  return kept;
}

/** New positions between two that stay: evenly, or as close together as they fit.
 * @param {Item[]} wanted @param {number} start @param {number} end @returns {Change[]} */
function between(wanted, start, end) {
  const count = end - start - 1;
  const [low, high] = [placeAt(wanted, start).position, placeAt(wanted, end).position];
  const isOpen = end === wanted.length && low + count * STEP <= LAST;
  let tight = placeAt(wanted, start);
  return wanted.slice(start + 1, end).map((item, index) => {
    tight = tightlyAfter(tight, item);
    const even = isOpen ? low + (index + 1) * STEP : low + Math.floor(((high - low) * (index + 1)) / (count + 1));
    return { id: item.id, position: high - low > count ? even : tight.position };
  });
}

/** Where an item stands; the ends of the menu are just outside of what a position can be.
 * @param {Item[]} wanted @param {number} index @returns {{position: number, id: string}} */
function placeAt(wanted, index) {
  if (index < 0) return { position: -1, id: "\uffff" };
  return wanted[index] ?? { position: LAST + 1, id: "" };
}

/** The first place behind another: beside it if the ids tell them apart.
 * @param {{position: number, id: string}} place @param {Item} item */
function tightlyAfter(place, { id }) {
  return { position: place.id < id ? place.position : place.position + 1, id };
}

/** @param {{position: number, id: string}} a @param {{position: number, id: string}} b */
function isBefore(a, b) {
  return a.position < b.position || (a.position === b.position && a.id < b.id);
}
