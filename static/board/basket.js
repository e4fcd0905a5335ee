// @ts-check
/**
 * A basket: what is in it, what it costs at today's prices, and the one attempt to order it. Pure.
 *
 * An attempt keeps its key and body until the server has answered it for good: sent again after a double tap, a lost
 * answer or a reload it is the same order, never a second one.
 */

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./store.js").Line} Line */
/** @typedef {{line: number, item_id: string, quantity: number, note: string, name?: string, price_minor?: number}} Wish
 *   `line` names it in its basket; two of an item differ in their notes; `name` and `price_minor` as the person saw them,
 *   absent until they are noted */
/** @typedef {{key: string, body: any, at: number, by?: string}} Attempt `at`: when it was first sent, in ms; `by`: whose
 *   it is, since a key belongs to a person */
/** @typedef {{wishes: Wish[], note: string, pickup_name: string, key: string, attempt: Attempt | null}} Basket `key`:
 *   of its next attempt, the same in every tab that shows it */
/** @typedef {"gone" | "sold_out" | "few"} Want why there are fewer than wished for */
/** @typedef {Wish & {item: Item | null, problem: Want | null, left: number, amount_minor: number,
 *   was_minor: number | null}} PricedLine `left`: how many of the pieces can be had; `was_minor`: another price that was
 *   seen */
/** @typedef {ReadonlyMap<string, number>} Limits how many of an item are left, as a refusal told */

export const MOST_LINES = 50;
export const MOST_PIECES = 99;
// The server remembers a key for a day at least; asking again later than this could make a second order.
const ATTEMPT_KEPT_MS = 20 * 3_600_000;

/** Where a device keeps the basket for a shop. @param {string} shopId */
export function storageKey(shopId) {
  return `orderflow.basket.${shopId}`;
}

/** @returns {Basket} */
export function empty() {
  return { wishes: [], note: "", pickup_name: "", key: "", attempt: null };
}

/**
 * A basket that was kept as text; an empty one for anything that is no basket.
 * @param {string | null} text
 * @param {number} [nowMs]
 * @returns {Basket}
 */
export function parse(text, nowMs = Date.now()) {
  try {
    const found = JSON.parse(text ?? "null");
    if (!Array.isArray(found?.wishes)) return empty();
    const isOld = !found.attempt || nowMs - found.attempt.at > ATTEMPT_KEPT_MS;
    const wishes = found.wishes.map((/** @type {Omit<Wish, "line">} */ wish, /** @type {number} */ line) => ({ line, ...wish }));
    return { ...empty(), ...found, wishes, attempt: isOld ? null : found.attempt };
  } catch {
    return empty();
  }
}

/**
 * How many pieces of an item are in it, in all of its lines.
 * @param {Basket} basket
 * @param {string} itemId
 */
export function quantity({ wishes }, itemId) {
  return wishes.reduce((sum, wish) => sum + (wish.item_id === itemId ? wish.quantity : 0), 0);
}

/**
 * The basket with so many pieces of an item. More of it have no note; of fewer, those without a note go first.
 * @param {Basket} basket
 * @param {string} itemId
 * @param {number} pieces
 * @returns {Basket}
 */
export function put(basket, itemId, pieces) {
  const added = Math.min(Math.max(pieces, 0), MOST_PIECES) - quantity(basket, itemId);
  if (added >= 0) return more(basket, { item_id: itemId, quantity: added, note: "" });
  let rest = -added;
  const own = basket.wishes.filter((wish) => wish.item_id === itemId).reverse();
  const taken = new Map();
  for (const { line, quantity: there } of own.sort((a, b) => Number(a.note !== "") - Number(b.note !== ""))) {
    taken.set(line, Math.min(rest, there));
    rest -= Math.min(rest, there);
  }
  return filled(basket, (wish) => wish.quantity - (taken.get(wish.line) ?? 0));
}

/**
 * The basket with so many pieces in one of its lines; 0 takes it out.
 * @param {Basket} basket
 * @param {number} line
 * @param {number} pieces
 * @returns {Basket}
 */
export function putLine(basket, line, pieces) {
  return filled(basket, (wish) => {
    const others = quantity(basket, wish.item_id) - wish.quantity;
    return wish.line === line ? Math.min(pieces, MOST_PIECES - others) : wish.quantity;
  });
}

/**
 * The basket whose note on a line is for one piece only; the others have none.
 * @param {Basket} basket
 * @param {number} line
 * @returns {Basket}
 */
export function noteOne(basket, line) {
  const noted = basket.wishes.find((wish) => wish.line === line);
  if (!noted || noted.quantity < 2 || basket.wishes.length >= MOST_LINES) return basket;
  return more(putLine(basket, line, 1), { ...noted, quantity: noted.quantity - 1, note: "" });
}

/**
 * @param {Basket} basket
 * @param {number} line
 * @param {string} note
 * @returns {Basket}
 */
export function annotate(basket, line, note) {
  const wishes = basket.wishes.map((wish) => (wish.line === line ? { ...wish, note } : wish));
  return { ...basket, wishes };
}

/**
 * The basket with more of what it has with this note, or with one line more.
 * @param {Basket} basket
 * @param {Omit<Wish, "line">} wish
 * @returns {Basket}
 */
function more(basket, wish) {
  const { wishes } = basket;
  const known = wishes.find(({ item_id, note }) => item_id === wish.item_id && note.trim() === wish.note);
  if (known) return filled(basket, (each) => each.quantity + (each === known ? wish.quantity : 0));
  if (wish.quantity === 0 || wishes.length >= MOST_LINES) return basket;
  const line = Math.max(-1, ...wishes.map((each) => each.line)) + 1;
  // Beside the others of its kind.
  const last = wishes.findLastIndex(({ item_id }) => item_id === wish.item_id);
  return { ...basket, wishes: wishes.toSpliced(last < 0 ? wishes.length : last + 1, 0, { ...wish, line }) };
}

/** @param {Basket} basket @param {(wish: Wish, index: number) => number} pieces @returns {Basket} */
function filled(basket, pieces) {
  const wishes = basket.wishes.map((wish, index) => ({ ...wish, quantity: pieces(wish, index) }));
  return { ...basket, wishes: wishes.filter((wish) => wish.quantity > 0) };
}

/**
 * The basket as it is kept, with what the person sees of its items: their names, for when they are gone, and their
 * prices.
 * @param {Basket} basket
 * @param {ReadonlyMap<string, Item>} items
 * @returns {Basket}
 */
export function noted(basket, items) {
  const wishes = basket.wishes.map((wish) => {
    const item = items.get(wish.item_id);
    return item && wish.price_minor === undefined ? { ...wish, name: item.name, price_minor: item.price_minor } : wish;
  });
  const isFresh = wishes.length > 0 && basket.attempt === null && basket.key === "";
  return { ...basket, wishes, key: isFresh ? randomKey() : basket.key };
}

/**
 * The lines at today's prices. What cannot be had now costs nothing and is named.
 * @param {Basket} basket
 * @param {ReadonlyMap<string, Item>} items
 * @param {Limits} [limits]
 * @returns {{lines: PricedLine[], total_minor: number, pieces: number, left: number, isWhole: boolean}} `pieces` are
 *   wished for, `left` of them can be had
 */
export function priced(basket, items, limits = new Map()) {
  const left = new Map(limits);
  const lines = basket.wishes.map((wish) => {
    const line = pricedLine(wish, items.get(wish.item_id) ?? null, left.get(wish.item_id));
    left.set(wish.item_id, (left.get(wish.item_id) ?? MOST_PIECES) - line.left);
    return line;
  });
  return {
    lines,
    total_minor: lines.reduce((sum, line) => sum + line.amount_minor, 0),
    pieces: lines.reduce((sum, line) => sum + line.quantity, 0),
    left: lines.reduce((sum, line) => sum + line.left, 0),
    isWhole: lines.every((line) => !line.problem),
  };
}

/**
 * The basket with only what can be had.
 * @param {Basket} basket
 * @param {ReadonlyMap<string, Item>} items
 * @param {Limits} [limits]
 * @returns {Basket}
 */
export function fitted(basket, items, limits) {
  const { lines } = priced(basket, items, limits);
  return filled(basket, (_, index) => lines[index].left);
}

/**
 * The basket with the lines of an earlier order added to it, as far as they can still be had; and what cannot be.
 * @param {Basket} basket
 * @param {Line[]} lines
 * @param {ReadonlyMap<string, Item>} items
 * @returns {{basket: Basket, missing: {name: string, problem: Want}[]}}
 */
export function again(basket, lines, items) {
  /** @type {{name: string, problem: Want}[]} */
  const missing = [];
  let whole = basket;
  for (const { item_id, name, quantity: pieces, note, unit_price_minor } of lines) {
    // The price that the person knows is that of the earlier order: a new one is told.
    const wish = { line: -1, item_id, quantity: pieces, note: note ?? "", name, price_minor: unit_price_minor };
    const { problem, left } = pricedLine(wish, items.get(item_id) ?? null);
    if (problem) missing.push({ name, problem });
    whole = more(whole, { ...wish, quantity: Math.min(left, MOST_PIECES - quantity(whole, item_id)) });
  }
  return { basket: whole, missing };
}

/**
 * What to send, at the prices that the person has seen.
 * @param {Basket} basket
 * @param {number} totalMinor
 */
export function order(basket, totalMinor) {
  return {
    lines: basket.wishes.map(({ item_id, quantity: pieces, note }) => ({
      item_id,
      quantity: pieces,
      note: note.trim() || null,
    })),
    note: basket.note.trim() || null,
    pickup_name: basket.pickup_name.trim() || null,
    expected_total_minor: totalMinor,
  };
}

/**
 * The basket with an attempt: the one of this person that is not answered yet, else a new one with this body.
 * @param {Basket} basket
 * @param {any} body
 * @param {string} [by] the person's id
 * @returns {Basket & {attempt: Attempt}}
 */
export function attempt(basket, body, by) {
  const { attempt: known } = basket;
  if (known && (!known.by || known.by === by)) return { ...basket, attempt: known };
  const key = (known ? "" : basket.key) || randomKey();
  return { ...basket, key, attempt: { key, body, at: Date.now(), ...(by && { by }) } };
}

/**
 * The basket after an answer that is final but no order: the next attempt is another one.
 * @param {Basket} basket
 * @returns {Basket}
 */
export function refused(basket) {
  return { ...basket, key: "", attempt: null };
}

/** @param {Wish} wish @param {Item | null} item @param {number} [limit] @returns {PricedLine} */
function pricedLine(wish, item, limit = MOST_PIECES) {
  const isGone = !item || item.archived;
  const left = isGone || item.sold_out ? 0 : Math.min(wish.quantity, limit);
  const problem = isGone ? "gone" : left === 0 ? "sold_out" : left < wish.quantity ? "few" : null;
  const isOther = left > 0 && item && wish.price_minor !== undefined && wish.price_minor !== item.price_minor;
  return {
    ...wish,
    item,
    problem,
    left,
    amount_minor: item ? item.price_minor * left : 0,
    was_minor: isOther ? wish.price_minor ?? null : null,
  };
}

/** crypto.randomUUID is missing where a shop serves its page without TLS in its own network. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
