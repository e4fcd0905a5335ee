// @ts-check
import { dayIfOther, duration, money, parseMoney, plainMoney } from "/static/board/format.js";
import { next, recallTo } from "/static/board/lifecycle.js";
import { equal, test } from "./check.mjs";

function spaced(text) {
  return text.replace(/\s/g, " ");
}

test("prices have the decimals of their currency", () => {
  equal(
    [[350, "EUR"], [350, "JPY"], [350, "KWD"], [350, "IQD"]].map(([minor, code]) => spaced(money(minor, code, "en"))),
    ["€3.50", "¥350", "KWD 0.350", "IQD 0.350"],
  );
  equal(spaced(money(123_456, "EUR", "de")), "1.234,56 €");
});

/** What each text means, in minor units. */
function read(currency, texts, locale = "en") {
  return texts.map((text) => parseMoney(text, currency, locale));
}

test("a price is read as typed, with a point or a comma, with the sign or without", () => {
  equal(read("EUR", ["3.50", "3,5", " 3.50 € ", "€3,50", "EUR 3.50", "3.5 eur", "3,", ".5"]), [350, 350, 350, 350, 350, 350, 300, 50]);
  equal([...read("JPY", ["350", "¥350"]), ...read("KWD", ["0.35"]), ...read("SEK", ["25 kr"], "sv")], [350, 350, 350, 2500]);
});

test("thousands are read in groups where nothing else can be meant", () => {
  equal(read("EUR", ["1,234.50", "1.234,50", "1 234,50", "1’234.50", "1.234.567"]), [123450, 123450, 123450, 123450, 123456700]);
  equal([...read("JPY", ["1,234"]), ...read("KWD", ["1.234"])], [1234, 1234]);
});

test("a price in the digits of another script is a price", () => {
  equal([...read("EUR", ["٣٫٥٠", "３.５０"]), ...read("INR", ["३.५०"])], [350, 350, 350]);
});

test("what is no price, or could be two, is none", () => {
  equal(read("EUR", ["", ".", "-1", "1.234", "1,234", "12.34.5", "1,234,50", "3 50", "abc", "1e3", "3.50 $", "1234567890"]), Array(12).fill(null));
  equal(read("JPY", ["3.5", "3."]), [null, null]);
});

test("a price that is shown to be edited is read back as it was", () => {
  for (const code of ["EUR", "JPY", "KWD"]) {
    for (const locale of ["en", "de", "fr", "ar", "fa", "hi"]) {
      for (const minor of [0, 1, 99, 100, 1999, 100_000_000]) equal(parseMoney(plainMoney(minor, code, locale), code, locale), minor);
    }
  }
  equal(["en", "de"].map((locale) => plainMoney(123_450, "EUR", locale)), ["1234.50", "1234,50"]);
});

test("ages grow from seconds to days and are never below zero", () => {
  const times = [-5000, 59_999, 60_000, 3_600_000, 7_380_000, 200_000_000];

  equal(times.map(duration), ["0 s", "59 s", "1 min", "1 h 0 min", "2 h 3 min", "2 d"]);
});

function order(status, given = {}) {
  return { status, placed_at: "2026-11-22T09:00:00Z", updated_at: "2026-11-22T09:05:00Z", preparing_at: null, ready_at: null, picked_up_at: null, ...given };
}

const NOW = Date.parse("2026-11-22T09:10:00Z");
const HALF_AN_HOUR = 30 * 60_000;

test("each status offers the one usual next move", () => {
  equal(["pending", "preparing", "ready", "picked_up", "cancelled"].map((status) => next(order(status))), ["preparing", "ready", "picked_up", null, null]);
});

test("a mis-tap goes back to the status before, also past a step that was skipped", () => {
  const [early, late] = ["2026-11-22T09:03:00Z", "2026-11-22T09:05:00Z"];

  equal(recallTo(order("preparing", { preparing_at: late }), NOW, HALF_AN_HOUR), "pending");
  equal(recallTo(order("ready", { preparing_at: early, ready_at: late }), NOW, HALF_AN_HOUR), "preparing");
  equal(recallTo(order("ready", { ready_at: late }), NOW, HALF_AN_HOUR), "pending");
  equal(recallTo(order("picked_up", { ready_at: early, picked_up_at: late }), NOW, HALF_AN_HOUR), "ready");
  equal(recallTo(order("cancelled", { cancelled_by: "shop", preparing_at: early }), NOW, HALF_AN_HOUR), "preparing");
});

test("a day is named when it is not today, whether it is a time or a day of the shop", () => {
  const now = new Date(2026, 10, 27, 9, 0);

  equal(["2026-11-26", new Date(2026, 10, 26, 23, 59).toISOString()].map((day) => dayIfOther(day, "en-GB", now).replace(",", "")), ["Thu 26 Nov", "Thu 26 Nov"]);
  equal(["2026-11-27", new Date(2026, 10, 27, 0, 1).toISOString()].map((day) => dayIfOther(day, "en-GB", now)), ["", ""]);
});

test("what the customer cancelled, is new, or is half an hour old is not taken back", () => {
  equal(recallTo(order("cancelled", { cancelled_by: "customer" }), NOW, HALF_AN_HOUR), null);
  equal(recallTo(order("pending"), NOW, HALF_AN_HOUR), null);
  equal(recallTo(order("ready", { ready_at: "2026-11-22T09:05:00Z" }), NOW + 26 * 60_000, HALF_AN_HOUR), null);
});

test("for how long a move can be taken back is up to the server", () => {
  const ready = order("ready", { ready_at: "2026-11-22T09:05:00Z" });

  equal(recallTo(ready, NOW + 26 * 60_000, 2 * HALF_AN_HOUR), "pending");
  equal(recallTo(ready, NOW + 60_000, 1000), null);
});
