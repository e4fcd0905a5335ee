// @ts-check
/**
 * A basket: what is in it, what it costs at today's prices, and the one attempt to order it. Pure.
 *
 * An attempt keeps its key and body until the server has answered it for good: sent again after a double tap, a lost
 * answer or a reload it is the same order, never a second one.
 */

/** @typedef {import("./store.js").Item} Item */
/** @typedef {{item_id: string, quantity: number, note: string}} Wish */
/** @typedef {{key: string, body: any, at: number}} Attempt `at`: when it was first sent, in ms */
/** @typedef {{wishes: Wish[], note: string, pickup_name: string, attempt: Attempt | null}} Basket */
/** @typedef {Wish & {item: Item | null, problem: "gone" | "sold_out" | null, amount_minor: number}} PricedLine */

export const MOST_LINES = 50;
export const MOST_PIECES = 99;
// The server remembers a key for a day at least; asking again later than this could make a second order.
const ATTEMPT_KEPT_MS = 20 * 3_600_000;

/** @returns {Basket} */
export function empty() {
  return { wishes: [], note: "", pickup_name: "", attempt: null };
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
    return { ...empty(), ...found, attempt: isOld ? null : found.attempt };
  } catch {
    return empty();
  }
}

/**
 * How many pieces of an item are in it.
 * @param {Basket} basket
 * @param {string} itemId
 */
export function quantity(basket, itemId) {
  return basket.wishes.find((wish) => wish.item_id === itemId)?.quantity ?? 0;
}

/**
 * The basket with so many pieces of an item; 0 takes it out.
 * @param {Basket} basket
 * @param {string} itemId
 * @param {number} pieces
 * @returns {Basket}
 */
export function put(basket, itemId, pieces) {
  const wanted = Math.min(Math.max(pieces, 0), MOST_PIECES);
  const known = basket.wishes.some((wish) => wish.item_id === itemId);
  if (!known && (wanted === 0 || basket.wishes.length >= MOST_LINES)) return basket;
  const wishes = known
    ? basket.wishes.map((wish) => (wish.item_id === itemId ? { ...wish, quantity: wanted } : wish))
    : [...basket.wishes, { item_id: itemId, quantity: wanted, note: "" }];
  return { ...basket, wishes: wishes.filter((wish) => wish.quantity > 0) };
}

/**
 * @param {Basket} basket
 * @param {string} itemId
 * @param {string} note
 * @returns {Basket}
 */
export function annotate(basket, itemId, note) {
  const wishes = basket.wishes.map((wish) => (wish.item_id === itemId ? { ...wish, note } : wish));
  return { ...basket, wishes };
}

/**
 * The lines at today's prices. What cannot be had now costs nothing and is named.
 * @param {Basket} basket
 * @param {ReadonlyMap<string, Item>} items
 * @returns {{lines: PricedLine[], total_minor: number, pieces: number, isOrderable: boolean}}
 */
export function priced(basket, items) {
  const lines = basket.wishes.map((wish) => pricedLine(wish, items.get(wish.item_id) ?? null));
  return {
    lines,
    total_minor: lines.reduce((sum, line) => sum + line.amount_minor, 0),
    pieces: lines.reduce((sum, line) => sum + line.quantity, 0),
    isOrderable: lines.length > 0 && lines.every((line) => !line.problem),
  };
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
 * The basket with an attempt: the one that is not answered yet, else a new one with this body.
 * @param {Basket} basket
 * @param {any} body
 * @param {() => string} [makeKey]
 * @returns {Basket & {attempt: Attempt}}
 */
export function attempt(basket, body, makeKey = randomKey) {
  return { ...basket, attempt: basket.attempt ?? { key: makeKey(), body, at: Date.now() } };
}

/**
 * The basket after an answer that is final but no order: the next attempt is another one.
 * @param {Basket} basket
 * @returns {Basket}
 */
export function refused(basket) {
  return { ...basket, attempt: null };
}

/** @param {Wish} wish @param {Item | null} item @returns {PricedLine} */
function pricedLine(wish, item) {
  const isGone = !item || item.archived;
  const problem = isGone ? "gone" : item.sold_out ? "sold_out" : null;
  return { ...wish, item, problem, amount_minor: problem || !item ? 0 : item.price_minor * wish.quantity };
}

/** crypto.randomUUID is missing where a shop serves its page without TLS in its own network. */
function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
