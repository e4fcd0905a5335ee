// @ts-check
/** Moves that were tapped and that the server has not answered yet, in the order in which they were made. Pure. */

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Status} Status */
/**
 * @typedef {object} Tap
 * @property {string} order its id
 * @property {number} number
 * @property {number} version that the person saw, and that the server has to find
 * @property {Status} from
 * @property {Status} to
 * @property {string | null} reason
 * @property {string} at by the server's clock
 */

const STATUSES = ["pending", "preparing", "ready", "picked_up", "cancelled"];

/**
 * A tap on an order as it is shown, earlier taps included.
 * @param {Order} order
 * @param {Status} to
 * @param {string | null} reason
 * @param {number} nowMs
 * @returns {Tap}
 */
export function tapOn(order, to, reason, nowMs) {
  const { id, number, version, status } = order;
  return { order: id, number, version, from: status, to, reason, at: new Date(nowMs).toISOString() };
}

/**
 * The taps that can still be made after one was refused: those on the same order began from what never came to be.
 * @param {ReadonlyArray<Tap>} taps
 * @param {Tap} refused
 */
export function without(taps, refused) {
  return taps.filter((tap) => tap.order !== refused.order);
}

/**
 * The taps without one that has not been sent and that nothing stands upon, if it can be taken back just so.
 * @param {ReadonlyArray<Tap>} taps
 * @param {Tap} unwanted
 * @param {Tap | null} sent the one that is on its way, or may have arrived
 * @returns {ReadonlyArray<Tap> | null}
 */
export function withdrawn(taps, unwanted, sent) {
  const last = taps.findLast((tap) => tap.order === unwanted.order);
  return last === unwanted && unwanted !== sent ? taps.filter((tap) => tap !== unwanted) : null;
}

/**
 * Taps as they were kept; what is none is left out.
 * @param {unknown} kept
 * @returns {Tap[]}
 */
export function read(kept) {
  return Array.isArray(kept) ? kept.filter(isTap) : [];
}

/** @param {any} tap */
function isTap(tap) {
  const isNamed = typeof tap?.order === "string" && typeof tap.number === "number" && typeof tap.at === "string";
  const isReasoned = tap?.reason === null || typeof tap?.reason === "string";
  return isNamed && isReasoned && Number.isInteger(tap.version) && STATUSES.includes(tap.from) && STATUSES.includes(tap.to);
}
