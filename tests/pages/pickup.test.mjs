// @ts-check
import { byDay } from "/static/board/days.js";
import { fit, TALL_EM } from "/static/board/fit.js";
import { Readiness } from "/static/board/readiness.js";
import { equal, ok, test } from "./check.mjs";

const BERLIN = "Europe/Berlin";
const WALL = { width: 1100, height: 850, digits: 3, digitEm: 0.6, leastPx: 40 };

/** @param {string} day @param {...number} numbers */
function called(day, ...numbers) {
  return numbers.map((number) => ({ day, number }));
}

/** @param {{today: {number: number}[], earlier: {day: string, numbers: {number: number}[]}[]}} found */
function plain({ today, earlier }) {
  return [today.map(({ number }) => number), earlier.map(({ day, numbers }) => [day, ...numbers.map(({ number }) => number)])];
}

test("fewer numbers are never smaller than more of them, and all of them fit", () => {
  let before = Infinity;
  for (let count = 1; count <= 60; count += 1) {
    const { columns, rows, sizePx, shown } = fit({ ...WALL, count });

    equal(shown, count);
    ok(columns * rows >= count && sizePx <= before && sizePx > 40, `${count} numbers`);
    ok(rows * sizePx * TALL_EM <= WALL.height + 1 && columns * sizePx * 3 * 0.6 <= WALL.width, `${count} numbers fit`);
    before = sizePx;
  }
});

test("numbers are never smaller than can be read; those that do not fit are counted", () => {
  const { columns, rows, sizePx, shown } = fit({ ...WALL, count: 1000 });

  equal(sizePx, 40);
  equal(shown, columns * rows);
  equal(fit({ ...WALL, width: 10, height: 10, count: 3 }).shown, 1);
});

test("in the morning the numbers of the day before stand apart", () => {
  const shown = [...called("2026-11-26", 87, 12), ...called("2026-11-27", 3, 1)];

  equal(plain(byDay(shown, Date.parse("2026-11-27T07:00:00Z"), BERLIN)), [[1, 3], [["2026-11-26", 12, 87]]]);
  equal(plain(byDay(called("2026-11-26", 12), Date.parse("2026-11-27T05:00:00Z"), BERLIN)), [[], [["2026-11-26", 12]]]);
});

test("after midnight who ordered before it still counts, unless a number is there twice", () => {
  const shown = [...called("2026-11-26", 140, 1), ...called("2026-11-27", 1)];
  const midnight = Date.parse("2026-11-26T23:10:00Z");

  equal(plain(byDay(shown, midnight, BERLIN)), [[140, 1], [["2026-11-26", 1]]]);
});

test("days are those of the shop, wherever the screen hangs", () => {
  const shown = called("2026-11-26", 5);
  const now = Date.parse("2026-11-27T08:00:00Z");

  equal(plain(byDay(shown, now, BERLIN)), [[], [["2026-11-26", 5]]]);
  equal(plain(byDay(shown, now, "America/Los_Angeles")), [[5], []]);
});

test("what becomes ready is news for half a minute, what was ready before is not", () => {
  const readiness = new Readiness();

  ok(!readiness.see(["a", "b"], 100_000));
  equal([...readiness.news(100_000)], []);
  ok(readiness.see(["a", "b", "c"], 101_000));
  ok(!readiness.see(["b", "c"], 102_000));

  equal([...readiness.news(130_000)], ["c"]);
  equal([...readiness.news(131_000)], []);
});

test("a number that was taken back and is ready again is news again", () => {
  const readiness = new Readiness();
  readiness.see([], 0);
  readiness.see(["a"], 1000);
  readiness.see([], 2000);

  ok(readiness.see(["a"], 60_000));
  equal([...readiness.news(61_000)], ["a"]);
});

test("what has been ready for longest comes first", () => {
  const readiness = new Readiness();
  readiness.see(["5", "9"], 0);
  readiness.see(["5", "7", "9"], 1000);

  equal(readiness.oldestFirst(["5", "7", "9"], String), ["5", "9", "7"]);
});
