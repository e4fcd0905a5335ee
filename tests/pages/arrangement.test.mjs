// @ts-check
import { asRead, changes, groups, moved, placed, positionOfNew } from "/static/board/arrangement.js";
import { equal, ok, test } from "./check.mjs";

/** @typedef {import("/static/board/arrangement.js").Item} Item */

const LAST = 1_000_000;

/** @param {string} id @param {number} position @param {string | null} [category] @returns {Item} */
function item(id, position, category = null) {
  return /** @type {Item} */ ({ id, position, category });
}

/** @param {Item[]} items */
function sorted(items) {
  return [...items].sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1));
}

/** @param {Item[]} items @param {{id: string, position: number}[]} made */
function changed(items, made) {
  const positions = new Map(made.map(({ id, position }) => [id, position]));
  return sorted(items.map((each) => ({ ...each, position: positions.get(each.id) ?? each.position })));
}

/** @param {Item[]} items */
function ids(items) {
  return items.map(({ id }) => id).join("");
}

/** The same numbers each time. @param {number} seed */
function dice(seed) {
  let state = seed;
  return (/** @type {number} */ sides) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * sides);
  };
}

test("whatever the positions are, changing them makes the order that was wished for", () => {
  const roll = dice(7);
  for (let turn = 0; turn < 400; turn += 1) {
    const most = [3, 12, 2000, LAST][roll(4)];
    const items = sorted(Array.from({ length: 1 + roll(8) }, (_, index) => item("abcdefgh"[index], Math.min(LAST, roll(most + 1)))));
    const wanted = [...items].sort(() => roll(3) - 1);

    const made = changes(wanted);

    equal(ids(changed(items, made)), ids(wanted));
    ok(made.every(({ position }) => Number.isInteger(position) && position >= 0 && position <= LAST));
  }
});

test("an order that is there already needs no change", () => {
  equal(changes([item("a", 0), item("b", 0), item("c", 5)]), []);
  equal(changes([]), []);
});

test("moving one item is one change, and two at the head of a menu that was numbered without gaps", () => {
  const gaps = [item("a", 1000), item("b", 2000), item("c", 3000), item("d", 4000)];
  const dense = [item("a", 0), item("b", 1), item("c", 2), item("d", 3)];
  for (const items of [gaps, dense]) {
    for (const id of "abcd") {
      for (const index of [0, 1, 2, 3]) {
        const wanted = moved(items, { id, ...placed([..."abcd"], id, index) });
        const isFirst = wanted[0].id === id && items === dense;
        ok(changes(wanted).length <= (isFirst ? 2 : 1), `${ids(items)} → ${ids(wanted)}`);
      }
    }
  }
});

test("where there is no room at all, only as many move as have to", () => {
  const full = [item("b", 0), item("c", 0), item("d", 0), item("e", LAST)];

  equal(changes(moved(full, { id: "d", after: null, before: "b" })).length, 2);
  equal(changes(moved(full, { id: "c", after: "d", before: "e" })).length, 1);
});

test("until all changes are made nothing jumps over anything but what is moved", () => {
  const items = [item("b", 0), item("c", 1), item("d", 2), item("e", 3), item("a", 4)];
  let now = items;
  const orders = changes(moved(items, { id: "a", after: "b", before: "c" })).map((change) => ids((now = changed(now, [change]))));

  equal(orders.map((order) => order.replace("a", "")), orders.map(() => "bcde"));
  equal(orders.at(-1), "bacde");
});

test("a menu is read by category, and a category moves as a whole", () => {
  const items = [item("a", 0, "Coffee"), item("b", 1, "Cake"), item("c", 2, "Coffee"), item("d", 3), item("e", 4, "Cake")];

  equal(groups(items).map(({ name }) => name), ["Coffee", "Cake", ""]);
  equal(ids(asRead(items)), "acbed");
  equal(ids(moved(asRead(items), { category: "Cake", after: null, before: "Coffee" })), "beacd");
  equal(ids(moved(asRead(items), { category: "Coffee", after: "", before: null })), "bedac");
});

test("what is moved keeps to its neighbours, whatever others have moved meanwhile", () => {
  const items = [item("a", 0), item("x", 1), item("b", 2), item("c", 3)];

  equal(ids(moved(items, { id: "c", after: "a", before: "b" })), "acxb");
  equal(ids(moved(items, { id: "c", after: "gone", before: "b" })), "axcb");
  equal(ids(moved(items, { id: "c", after: "gone", before: "gone too" })), "axbc");
  equal(ids(moved(items, { id: "gone", after: "a", before: "b" })), "axbc");
});

test("a new item is the last of its category", () => {
  const items = [item("a", 0, "Coffee"), item("b", 1000, "Coffee"), item("c", 2000, "Cake")];

  equal(positionOfNew([], ""), 1000);
  equal(positionOfNew(items, "Coffee"), 1500);
  equal(positionOfNew(items, "Cake"), 3000);
  equal(positionOfNew(items, "Tea"), 3000);
  equal(positionOfNew([item("a", LAST)], ""), LAST);
});
