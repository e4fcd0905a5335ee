// @ts-check
import { isFound, numbered, typed } from "/static/board/find.js";
import { linesAt, stations, toggled } from "/static/board/stations.js";
import { empty } from "/static/board/store.js";
import { toMake } from "/static/board/tally.js";
import { equal, test } from "./check.mjs";

const ITEMS = [
  { id: "tea", name: "Tea", category: "Drinks", position: 2, version: 1, archived: false },
  { id: "white", name: "Flat white", category: "Drinks", position: 1, version: 1, archived: false },
  { id: "bun", name: "Bun", category: "Bakery", position: 3, version: 1, archived: false },
  { id: "bag", name: "Bag", category: null, position: 0, version: 1, archived: false },
  { id: "pie", name: "Pie", category: "Pies", position: 0, version: 2, archived: true },
];
const STATE = { ...empty(), items: new Map(ITEMS.map((item) => [item.id, item])) };

function at(search) {
  return stations(STATE, new URLSearchParams(search));
}

function order(number, status, ...lines) {
  return {
    number,
    status,
    customer: { name: "Zoë" },
    pickup_name: null,
    lines: lines.map(([id, quantity, note = null]) => ({ item_id: id, name: `old ${id}`, quantity, note })),
  };
}

function here(given, search) {
  return linesAt(given, at(search), STATE.items).map(({ item_id: id }) => id);
}

test("the stations are the categories in the order of the menu, what has none comes last", () => {
  equal(at("").all, ["Drinks", "Bakery", ""]);
  equal(at("station=Bakery&station=&station=Bakery").chosen, ["Bakery", ""]);
});

test("a screen shows what its stations make, and all without one", () => {
  const mixed = order(1, "pending", ["tea", 1], ["bun", 2], ["bag", 1]);

  equal([here(mixed, ""), here(mixed, "station=Drinks"), here(mixed, "station=Bakery&station="), here(order(2, "pending", ["bun", 1]), "station=Drinks")], [
    ["tea", "bun", "bag"],
    ["tea"],
    ["bun", "bag"],
    [],
  ]);
});

test("what no station would show is shown at each", () => {
  equal(here(order(1, "pending", ["gone", 1], ["pie", 1], ["bun", 1]), "station=Drinks"), ["gone", "pie"]);
});

test("a station that has left the menu is told of and hides nothing", () => {
  equal([at("station=Pies").gone, at("station=Pies").chosen, here(order(1, "pending", ["tea", 1]), "station=Pies")], [["Pies"], [], ["tea"]]);
});

test("a tap on a station adds it to the address or takes it out, and leaves the rest of it", () => {
  const address = new URLSearchParams("side=done");
  const both = toggled(toggled(address, "Drinks"), "");

  equal([String(both), String(toggled(both, "Drinks")), String(toggled(both, null))], ["side=done&station=Drinks&station=", "side=done&station=", "side=done"]);
});

test("all day counts what is still to make, in the order of the menu", () => {
  const orders = [order(1, "pending", ["bun", 2], ["white", 3, "oat"]), order(2, "preparing", ["white", 11], ["gone", 1]), order(3, "ready", ["tea", 5])];

  const counts = toMake(orders, ({ lines }) => lines, STATE);

  equal(counts.map(({ name, quantity, noted }) => [name, quantity, noted]), [["Flat white", 14, 3], ["Bun", 2, 0], ["old gone", 1, 0]]);
});

test("an order is found by the beginning of its number or a part of its name", () => {
  const found = order(142, "pending");

  equal(["14", "142", "42", "zoe", "OË", "x", ""].map((text) => isFound(found, text)), [true, true, false, true, true, false, true]);
  equal(isFound({ ...found, pickup_name: "Table 7" }, "zoe"), false);
});

test("digits that are typed pick the order with just this number, the older of two", () => {
  const [old, young] = [{ number: 12, day: "a" }, { number: 12, day: "b" }];

  equal(["0", "1", "2"].reduce(typed, ""), "12");
  equal([numbered([old, young], "12")?.day, numbered([old, young], "1")], ["a", null]);
});
