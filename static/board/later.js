// @ts-check
/** Modules that a page is live without: fetched once it is, so that they are there when the network is not. */

import { Problem } from "./api.js";
import { pause } from "./backoff.js";

/** The mark in a browser's timeline from when on a page has all its modules. */
const WHOLE = "whole";

// A page that is never idle goes on all the same.
const LONGEST_MS = 1000;

/** @type {Set<() => Promise<unknown>>} */
const missing = new Set();

/**
 * Name a module that may come later. What is returned gives it to who wants it sooner, and fails as a request does.
 * @template T
 * @param {() => Promise<T>} load
 * @returns {() => Promise<T>}
 */
export function later(load) {
  /** @type {Promise<T> | null} kept, so that what is there comes before the next key that somebody presses */
  let loaded = null;
  const once = () => (loaded ??= load().catch(missed));
  const missed = () => {
    loaded = null;
    throw new Problem("no_answer", 0);
  };
  missing.add(once);
  return once;
}

/** For a module without which there is no way on. @template T @param {() => Promise<T>} load @returns {Promise<T>} */
export async function inTheEnd(load) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await load();
    } catch {
      await pause(attempt);
    }
  }
}

/** Fetch what is missing after the other, when the browser has nothing else to do. */
export function fetchRest() {
  whenIdle(async () => {
    for (const load of missing) {
      // What cannot be had now is asked for when the page is live again, or when somebody wants it.
      await load().then(() => missing.delete(load), () => {});
    }
    if (missing.size === 0) performance.mark(WHOLE);
  });
}

/** Do something that nobody waits for. @param {() => void} step */
export function whenIdle(step) {
  // Safari has no such thing.
  if (globalThis.requestIdleCallback) requestIdleCallback(step, { timeout: LONGEST_MS });
  else setTimeout(step);
}
