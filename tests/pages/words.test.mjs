// @ts-check
import { say } from "/static/board/words.js";
import { equal, test } from "./check.mjs";

test("a count is written as readers write numbers, the number of an order as it is", () => {
  equal(
    [0, 12, 999, 1000, 1234, -1, 0.5].map((count) => say("duration.minutes", { count })),
    ["0 min", "12 min", "999 min", "1,000 min", "1,234 min", "-1 min", "0.5 min"],
  );
  equal(say("board.moved_meanwhile", { number: 1234 }).includes("1234"), true);
});

test("a count chooses the form of its text", () => {
  equal([1, 2].map((count) => say("board.waits", { count }).startsWith("1 tap is kept")), [true, false]);
});
