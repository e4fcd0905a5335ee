// @ts-check
/** How large numbers can be in a field, side by side and one below the other. Pure. */

/** @typedef {{columns: number, rows: number, sizePx: number, shown: number}} Fit `sizePx` is that of the font */

/** The height of a number with the space around it, in its own font size. */
export const TALL_EM = 1.16;
// Space beside a number, in its own font size.
const BESIDE_EM = 0.44;

/**
 * The largest size at which so many numbers fit; where even the least is too large, as many as fit at that.
 * @param {object} given
 * @param {number} given.width of the field
 * @param {number} given.height
 * @param {number} given.count
 * @param {number} given.digits of the longest number
 * @param {number} given.digitEm the width of a digit, in its own font size
 * @param {number} given.leastPx a size that can still be read from afar
 * @returns {Fit}
 */
export function fit({ width, height, count, digits, digitEm, leastPx }) {
  const wide = digits * digitEm + BESIDE_EM;
  let best = { columns: 1, rows: 1, sizePx: 0, shown: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const sizePx = Math.floor(Math.min(width / (columns * wide), height / (rows * TALL_EM)));
    if (sizePx > best.sizePx) best = { columns, rows, sizePx, shown: count };
  }
  return best.sizePx >= leastPx ? best : least(width / (leastPx * wide), height / (leastPx * TALL_EM), count, leastPx);
}

/** @param {number} across @param {number} down @param {number} count @param {number} sizePx @returns {Fit} */
function least(across, down, count, sizePx) {
  const columns = Math.max(1, Math.floor(across));
  const rows = Math.max(1, Math.floor(down));
  return { columns, rows, sizePx, shown: Math.min(count, columns * rows) };
}
