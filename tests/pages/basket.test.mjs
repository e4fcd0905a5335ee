// @ts-check
import { again, annotate, attempt, empty, fitted, noted, noteOne, order, parse, priced, put, putLine, quantity, refused } from "/static/board/basket.js";
import { equal, ok, test } from "./check.mjs";

const ITEMS = new Map([
  ["tea", { id: "tea", name: "Tea", price_minor: 250, sold_out: false, archived: false }],
  ["bun", { id: "bun", name: "Bun", price_minor: 180, sold_out: true, archived: false }],
  ["pie", { id: "pie", name: "Pie", price_minor: 400, sold_out: false, archived: true }],
]);

test("pieces are counted from 1 to 99, and 0 takes the line out", () => {
  const basket = put(empty(), "tea", 2);

  equal(quantity(put(basket, "tea", 500), "tea"), 99);
  equal(put(basket, "tea", 0).wishes, []);
  equal(put(empty(), "tea", -1).wishes, []);
});

test("a basket holds 50 lines at most", () => {
  let basket = empty();
  for (let line = 0; line < 60; line += 1) basket = put(basket, `item ${line}`, 1);

  equal(basket.wishes.length, 50);
});

test("a basket costs what its items cost now", () => {
  const found = priced(put(empty(), "tea", 3), ITEMS);

  equal([found.total_minor, found.pieces, found.left, found.isWhole], [750, 3, 3, true]);
});

test("what is sold out or gone is named, costs nothing, and is left out of the order", () => {
  const basket = ["tea", "bun", "pie", "cup"].reduce((filled, id) => put(filled, id, 1), empty());
  const found = priced(basket, ITEMS);

  equal(found.lines.map(({ problem }) => problem), [null, "sold_out", "gone", "gone"]);
  equal([found.total_minor, found.left, found.isWhole], [250, 1, false]);
  equal(fitted(basket, ITEMS).wishes.map(({ item_id }) => item_id), ["tea"]);
});

test("of what is nearly sold out only the pieces that are left are counted", () => {
  const basket = put(empty(), "tea", 3);
  const limits = new Map([["tea", 2]]);
  const { lines, total_minor, isWhole } = priced(basket, ITEMS, limits);

  equal([lines[0].problem, lines[0].left, total_minor, isWhole], ["few", 2, 500, false]);
  equal(quantity(fitted(basket, ITEMS, limits), "tea"), 2);
  equal(priced(basket, ITEMS, new Map([["tea", 0]])).lines[0].problem, "sold_out");
});

test("a price is told when it is another one than the person saw, also of what went and came back", () => {
  const seen = noted(put(empty(), "tea", 2), ITEMS);
  const dearer = new Map([["tea", { ...ITEMS.get("tea"), price_minor: 300 }]]);

  equal(priced(seen, ITEMS).lines[0].was_minor, null);
  equal(priced(noted(seen, dearer), dearer).lines[0].was_minor, 250);
  equal([priced(seen, new Map()).lines[0].name, priced(seen, new Map()).lines[0].was_minor], ["Tea", null]);
});

test("ordering again fills the basket with what can still be had, and names the rest", () => {
  const lines = [
    { item_id: "tea", name: "Tea", quantity: 1, unit_price_minor: 200, note: "hot" },
    { item_id: "tea", name: "Tea", quantity: 2, unit_price_minor: 200, note: null },
    { item_id: "bun", name: "Bun", quantity: 1, unit_price_minor: 180, note: null },
    { item_id: "cup", name: "Cup", quantity: 1, unit_price_minor: 900, note: null },
  ];
  const { basket, missing } = again(empty(), lines, ITEMS);

  equal(missing, [{ name: "Bun", problem: "sold_out" }, { name: "Cup", problem: "gone" }]);
  equal(linesOf(basket), [["tea", 1, "hot"], ["tea", 2, ""]]);
  equal(linesOf(again(basket, lines, ITEMS).basket), [["tea", 2, "hot"], ["tea", 4, ""]]);
  equal(priced(basket, ITEMS).lines[0].was_minor, 200);
  equal(quantity(again(put(empty(), "tea", 98), lines, ITEMS).basket, "tea"), 99);
});

test("an order says what was wished for and the total that was shown", () => {
  const basket = { ...annotate(put(empty(), "tea", 2), 0, " with milk "), pickup_name: " Ada " };

  equal(order(basket, 500), {
    lines: [{ item_id: "tea", quantity: 2, note: "with milk" }],
    note: null,
    pickup_name: "Ada",
    expected_total_minor: 500,
  });
});

test("a note that is for one piece only makes two lines, and the menu adds to the one without a note", () => {
  const two = noteOne(annotate(put(empty(), "tea", 2), 0, "oat milk"), 0);

  equal(linesOf(two), [["tea", 1, "oat milk"], ["tea", 1, ""]]);
  equal(linesOf(put(two, "tea", 4)), [["tea", 1, "oat milk"], ["tea", 3, ""]]);
  equal(linesOf(noteOne(annotate(putLine(two, 0, 3), 0, "soy"), 0)), [["tea", 1, "soy"], ["tea", 3, ""]]);
  equal(order(two, 500).lines.map(({ quantity: pieces, note }) => [pieces, note]), [[1, "oat milk"], [1, null]]);
  equal(noteOne(two, 0), two);
});

test("of what is taken out at the menu, what has no note goes first", () => {
  const two = noteOne(annotate(put(empty(), "tea", 3), 0, "oat milk"), 0);

  equal(linesOf(put(two, "tea", 1)), [["tea", 1, "oat milk"]]);
  equal(linesOf(put(two, "tea", 0)), []);
  equal(linesOf(putLine(two, 1, 0)), [["tea", 1, "oat milk"]]);
  equal(quantity(putLine(two, 0, 500), "tea"), 99);
});

test("what is left of an item is shared by its lines", () => {
  const two = noteOne(annotate(put(empty(), "tea", 3), 0, "oat milk"), 0);

  equal(priced(two, ITEMS, new Map([["tea", 2]])).lines.map(({ left, problem }) => [left, problem]), [[1, null], [1, "few"]]);
  equal(linesOf(fitted(two, ITEMS, new Map([["tea", 1]]))), [["tea", 1, "oat milk"]]);
});

test("a basket of before lines had names is kept", () => {
  const kept = JSON.stringify({ wishes: [{ item_id: "tea", quantity: 1, note: "" }, { item_id: "cup", quantity: 2, note: "" }] });

  equal(parse(kept).wishes.map(({ line }) => line), [0, 1]);
});

test("an order without an answer is sent again as it was, also after a reload", () => {
  const basket = put(empty(), "tea", 2);
  const first = attempt(basket, order(basket, 500));

  const again = attempt(parse(JSON.stringify(first)), { lines: [] });

  equal(again.attempt, first.attempt);
});

test("two tabs that show one basket send it under one key, and the next basket goes under another", () => {
  const kept = JSON.stringify(noted(put(empty(), "tea", 2), ITEMS));
  const [here, there] = [parse(kept), parse(kept)].map((basket) => attempt(basket, {}, "ada").attempt.key);

  equal(here, there);
  ok(noted(put(empty(), "tea", 2), ITEMS).key !== here);
});

test("what somebody else has sent from this device is not sent again in another name", () => {
  const first = attempt(put(empty(), "tea", 2), {}, "ada");

  equal(attempt(first, {}, "ada").attempt.key, first.attempt.key);
  ok(attempt(first, {}, "eve").attempt.key !== first.attempt.key);
});

test("after a refusal the next order is another one", () => {
  const first = attempt(put(empty(), "tea", 2), {});

  const second = attempt(refused(first), {});

  ok(first.attempt.key !== second.attempt.key);
  ok(/^[0-9a-f]{32}$/.test(second.attempt.key));
});

test("an attempt of yesterday is not asked for again, since it could become a second order", () => {
  const first = attempt(put(empty(), "tea", 2), {});

  equal(parse(JSON.stringify(first), Date.now() + 21 * 3_600_000).attempt, null);
});

test("what is no basket is taken for an empty one", () => {
  for (const text of [null, "", "{", "[]", "7", '{"wishes": 3}']) equal(parse(text), empty());
});

/** @param {import("../../static/board/basket.js").Basket} basket */
function linesOf({ wishes }) {
  return wishes.map(({ item_id, quantity: pieces, note }) => [item_id, pieces, note]);
}
