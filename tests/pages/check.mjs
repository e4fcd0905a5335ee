// @ts-check
/** The smallest thing that tests of the pages' pure modules need: named tests, and two ways of being wrong. */

/** @type {Map<string, () => unknown>} */
const tests = new Map();

/** @param {string} name @param {() => unknown} body */
export function test(name, body) {
  if (tests.has(name)) throw new Error(`Two tests are called “${name}”`);
  tests.set(name, body);
}

/** @param {unknown} actual @param {unknown} expected */
export function equal(actual, expected) {
  const [found, wanted] = [JSON.stringify(plain(actual)), JSON.stringify(plain(expected))];
  if (found !== wanted) throw new Error(`found ${found}, wanted ${wanted}`);
}

/** @param {unknown} claim @param {string} [what] */
export function ok(claim, what = "the claim is wrong") {
  if (!claim) throw new Error(what);
}

/** Run one test of the modules that were imported. @param {string} name */
export async function run(name) {
  const body = tests.get(name);
  if (!body) throw new Error(`No test is called “${name}”`);
  await body();
}

/** The tests of the modules that were imported. */
export function names() {
  return [...tests.keys()];
}

/** A random source that gives the same numbers for the same seed (mulberry32). @param {number} seed */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values whose JSON does not depend on the order of members. @param {any} value @returns {any} */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return plain([...value]);
  if (value === null || typeof value !== "object") return value === undefined ? null : value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
}
