// @ts-check
import { annotate, attempt, empty, order, parse, priced, put, quantity, refused } from "/static/board/basket.js";
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

  equal([found.total_minor, found.pieces, found.isOrderable], [750, 3, true]);
});

test("what is sold out or gone is named, costs nothing, and holds the order back", () => {
  const found = priced(["tea", "bun", "pie", "cup"].reduce((basket, id) => put(basket, id, 1), empty()), ITEMS);

  equal(found.lines.map(({ problem }) => problem), [null, "sold_out", "gone", "gone"]);
  equal([found.total_minor, found.isOrderable], [250, false]);
});

test("an order says what was wished for and the total that was shown", () => {
  const basket = { ...annotate(put(empty(), "tea", 2), "tea", " with milk "), pickup_name: " Ada " };

  equal(order(basket, 500), {
    lines: [{ item_id: "tea", quantity: 2, note: "with milk" }],
    note: null,
    pickup_name: "Ada",
    expected_total_minor: 500,
  });
});

test("an order without an answer is sent again as it was, also after a reload", () => {
  const basket = put(empty(), "tea", 2);
  const first = attempt(basket, order(basket, 500));

  const again = attempt(parse(JSON.stringify(first)), { lines: [] });

  equal(again.attempt, first.attempt);
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
