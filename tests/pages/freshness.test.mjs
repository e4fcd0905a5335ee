// @ts-check
import { elapsedClock, Freshness } from "/static/board/freshness.js";
import { equal, ok, test } from "./check.mjs";

/** A page that has just got its snapshot and first beat, at time 0. */
function fresh() {
  const freshness = new Freshness(0);
  freshness.opening(0);
  freshness.heard({ type: "snapshot", seq: 5 }, 0);
  freshness.heard({ type: "beat", seq: 5, head: 5 }, 0);
  return freshness;
}

test("the light is green while beats come, amber past one missed beat, red past two", () => {
  const freshness = fresh();

  equal([9, 12, 13, 22, 23].map((second) => freshness.verdict(second * 1000, true).level), ["live", "live", "late", "late", "stale"]);
});

test("how far beats are apart they tell themselves", () => {
  const freshness = fresh();

  freshness.heard({ type: "beat", seq: 5, head: 5, every_s: 60 }, 0);
  equal([62, 63, 122, 123].map((second) => freshness.verdict(second * 1000, true).level), ["live", "late", "late", "stale"]);
  ok(!freshness.isStarved(122_000));

  freshness.heard({ type: "beat", seq: 5, head: 5, every_s: 0.5 }, 200_000);
  equal([202, 203, 204].map((second) => freshness.verdict(second * 1000, true).level), ["live", "late", "stale"]);
});

test("before the first beat nothing is called live", () => {
  const freshness = new Freshness(0);
  freshness.heard({ type: "snapshot", seq: 5 }, 100);

  equal(freshness.verdict(200, true), { level: "late", checkedMs: null });
  equal(freshness.verdict(30_000, true), { level: "stale", checkedMs: null });
});

test("a page whose socket is gone is not called live, however short ago it was checked", () => {
  equal(fresh().verdict(1000, false), { level: "late", checkedMs: 1000 });
});

test("a new socket proves nothing before its first beat", () => {
  const freshness = fresh();

  freshness.opening(3000);
  freshness.heard({ type: "resumed", seq: 5 }, 3100);

  equal(freshness.verdict(3200, true).level, "late");
});

test("a beat whose head the page has not been told yet proves nothing until the events have come", () => {
  const freshness = fresh();

  freshness.heard({ type: "beat", seq: 5, head: 7 }, 10_000);
  equal(freshness.verdict(10_500, true).checkedMs, 10_500);

  freshness.heard({ type: "order", seq: 6 }, 11_000);
  freshness.heard({ type: "order", seq: 7 }, 11_100);
  equal(freshness.verdict(11_500, true).checkedMs, 1500);
});

test("a socket that has not been told by a beat what the beat before promised is given up", () => {
  const freshness = fresh();

  ok(freshness.heard({ type: "beat", seq: 5, head: 7 }, 10_000), "the first beat behind is no reason yet");
  ok(!freshness.heard({ type: "beat", seq: 6, head: 8 }, 20_000), "the second one is");
});

test("a socket on which two beats are missing is given up, whatever else comes", () => {
  const freshness = fresh();
  freshness.heard({ type: "order", seq: 6 }, 15_000);

  ok(!freshness.isStarved(22_000));
  ok(freshness.isStarved(22_001));
});

test("a long snapshot is waited for", () => {
  const freshness = new Freshness(0);
  freshness.opening(0);
  freshness.heard({ type: "resumed", seq: 1 }, 20_000);
  freshness.heard({ type: "order", seq: 2 }, 40_000);

  ok(!freshness.isStarved(60_000));
});

test("a device that slept, or whose clock was set back, does not take old news for fresh", () => {
  let [wall, steady] = [1_000_000, 0];
  const now = elapsedClock(() => wall, () => steady);

  wall += 60_000;
  equal(now(), 60_000);

  wall -= 3_600_000;
  steady += 30_000;
  equal(now(), 90_000);
});
