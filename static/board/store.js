// @ts-check
/**
 * What a page knows: snapshot + events → state. Pure; the state is never changed in place.
 *
 * The active orders, items and shop of a state that took a snapshot and the events after it are those of a fresh
 * snapshot. An answer of the API may be merged at any time: of one thing, the higher version wins.
 */

/** @typedef {"pending" | "preparing" | "ready" | "picked_up" | "cancelled"} Status */
/** @typedef {{id: string, slug: string, name: string, version?: number, currency?: string, ordering?: string,
 *   description?: string | null, address?: string | null, phone?: string | null, email?: string | null,
 *   time_zone?: string, listed?: boolean, warm_minutes?: number, hot_minutes?: number}} Shop */
/** @typedef {{item_id: string, name: string, quantity: number, unit_price_minor: number, amount_minor: number,
 *   note: string | null}} Line */
/** @typedef {{id: string, number: number, business_day: string, status: Status, version: number,
 *   shop: {id: string, slug: string, name: string}, customer: {id: string, name: string}, pickup_name: string | null,
 *   lines: Line[], note: string | null, currency: string, total_minor: number, placed_at: string,
 *   preparing_at: string | null, ready_at: string | null, picked_up_at: string | null, cancelled_at: string | null,
 *   cancelled_by: string | null, reason: string | null, updated_at: string}} Order */
/** @typedef {{id: string, name: string, description: string | null, category: string | null, price_minor: number,
 *   photo_url?: string | null, available: boolean, sold_out: boolean, position: number, version: number,
 *   archived: boolean, stock?: number | null}} Item */
/** @typedef {{day: string, number: number, status: Status | null}} Called an order on the pickup screen */
/** @typedef {{epoch: string | null, seq: number, shop: Shop | null, orders: ReadonlyMap<string, any>,
 *   items: ReadonlyMap<string, Item>}} State */
/** @typedef {{type: string, [member: string]: any}} Frame */

export const ACTIVE = Object.freeze(["pending", "preparing", "ready"]);
// Finished orders stay for a while: they can be recalled, and an answer that comes late must not revive them.
const FINISHED_KEPT = 200;

/** @returns {State} */
export function empty() {
  return { epoch: null, seq: 0, shop: null, orders: new Map(), items: new Map() };
}

/**
 * The state after a frame. Frames of unknown types, and events that are known already, change nothing.
 * @param {State} state
 * @param {Frame} frame
 * @returns {State}
 */
export function apply(state, frame) {
  if (frame.type === "snapshot") return begin(state, frame);
  if (!["order", "item", "shop"].includes(frame.type) || !(frame.seq > state.seq)) return state;
  return { ...merge(state, frame.type, frame[frame.type]), seq: frame.seq };
}

/**
 * The state with one thing in it that an event or the API told of, unless a higher version of it is known.
 * @param {State} state
 * @param {string} kind `order`, `item` or `shop`
 * @param {any} thing
 * @returns {State}
 */
export function merge(state, kind, thing) {
  if (kind === "shop") return isOlder(thing, state.shop) ? state : { ...state, shop: { ...state.shop, ...thing } };
  if (kind === "item") return { ...state, items: put(state.items, thing) };
  return { ...state, orders: trimmed(put(state.orders, thing)) };
}

/**
 * The orders that are not finished, in the order in which they were placed.
 * @param {State} state
 * @returns {any[]}
 */
export function activeOrders(state) {
  return [...state.orders.values()].filter(isActive).sort(byAge);
}

/**
 * The orders that are finished, the one that was changed last first.
 * @param {State} state
 * @returns {Order[]}
 */
export function finishedOrders(state) {
  return [...state.orders.values()].filter((order) => !isActive(order)).sort(byChange);
}

/**
 * The items that are sold, by position, then id.
 * @param {State} state
 * @returns {Item[]}
 */
export function soldItems(state) {
  const sold = [...state.items.values()].filter((item) => !item.archived);
  return sold.sort((a, b) => a.position - b.position || compare(a.id, b.id));
}

/**
 * @param {State} before
 * @param {Frame} frame
 * @returns {State}
 */
function begin(before, frame) {
  const known = before.epoch === frame.epoch ? before : empty();
  const orders = new Map((frame.orders ?? []).map((/** @type {any} */ order) => [key(order), order]));
  for (const [id, order] of known.orders) {
    const isAhead = orders.has(id) && isOlder(orders.get(id), order);
    if (isAhead || (order.version && !isActive(order) && !orders.has(id))) orders.set(id, order);
  }
  const items = new Map((frame.items ?? []).map((/** @type {Item} */ item) => [item.id, newer(item, known.items)]));
  const shop = isOlder(frame.shop, known.shop) ? known.shop : (frame.shop ?? null);
  return { epoch: frame.epoch, seq: frame.seq, shop, orders: trimmed(orders), items };
}

/**
 * @template T
 * @param {ReadonlyMap<string, T>} things
 * @param {any} thing
 * @returns {ReadonlyMap<string, T>}
 */
function put(things, thing) {
  if (isOlder(thing, things.get(key(thing)))) return things;
  const copy = new Map(things);
  if (thing.status === null) copy.delete(key(thing));
  else copy.set(key(thing), { ...copy.get(key(thing)), ...thing });
  return copy;
}

/** @param {Item} item @param {ReadonlyMap<string, Item>} known @returns {Item} */
function newer(item, known) {
  const before = known.get(item.id);
  return before && isOlder(item, before) ? before : item;
}

/** @param {ReadonlyMap<string, any>} orders */
function trimmed(orders) {
  const finished = [...orders.values()].filter((order) => !isActive(order));
  if (finished.length <= FINISHED_KEPT) return orders;
  const copy = new Map(orders);
  for (const order of finished.sort(byChange).slice(FINISHED_KEPT)) copy.delete(key(order));
  return copy;
}

/** @param {any} thing @param {any} known */
function isOlder(thing, known) {
  return Boolean(known) && known.version !== undefined && (thing?.version ?? 0) < known.version;
}

/** @param {any} order */
function isActive(order) {
  return ACTIVE.includes(order.status);
}

/** On the pickup screen an order is no more than its number of the day. @param {any} thing @returns {string} */
function key(thing) {
  return thing.id ?? `${thing.day}/${thing.number}`;
}

/** @param {any} a @param {any} b */
function byAge(a, b) {
  return compare(a.placed_at ?? a.day, b.placed_at ?? b.day) || a.number - b.number || compare(a.id, b.id);
}

/** @param {any} a @param {any} b */
function byChange(a, b) {
  return compare(b.updated_at, a.updated_at) || compare(b.id, a.id);
}

/** @param {any} a @param {any} b */
function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
