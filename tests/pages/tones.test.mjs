// @ts-check
import { samples, TONES } from "/static/board/tones.js";
import { equal, ok, test } from "./check.mjs";

const RATE = 8000;

test("every tone can be heard, is not clipped, and begins and ends in silence", () => {
  for (const [name, tone] of Object.entries(TONES)) {
    const made = samples(tone, RATE);

    equal(made.length, tone.seconds * RATE);
    const peak = Math.max(...made.map(Math.abs));
    ok(peak > 0.4 && peak < 1, `${name} has a peak of ${peak}`);
    ok(Math.abs(made[0]) < 0.01 && Math.abs(made[made.length - 1]) < 0.01, `${name} clicks`);
  }
});

test("what comes again and again leaves a pause in between", () => {
  for (const name of /** @type {const} */ (["placed", "lost"])) {
    const made = samples(TONES[name], RATE);

    ok(made.slice(-RATE).every((value) => value === 0), name);
  }
});
