// @ts-check
/** How long to wait before coming back: full jitter, so that a thousand pages never come back at once. */

const FIRST_MS = 500;
const LONGEST_MS = 20_000;

/**
 * A random time between 0 and min(20 s, 0.5 s · 2^attempt).
 * @param {number} attempt how many attempts have failed before this one, from 0
 * @param {() => number} [random]
 */
export function delayMs(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
}

/**
 * Wait that long.
 * @param {number} attempt
 */
export function pause(attempt) {
  return new Promise((resolve) => setTimeout(resolve, delayMs(attempt)));
}
