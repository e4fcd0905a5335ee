// @ts-check
import { Problem } from "/static/board/api.js";
import { Moves } from "/static/board/moves.js";
import { Shelf } from "/static/board/shelf.js";
import { overlaid, read } from "/static/board/taps.js";
import { equal, ok, random, test } from "./check.mjs";

const NOW = Date.parse("2026-11-22T09:15:00.000Z");
const STEPS = ["pending", "preparing", "ready", "picked_up"];

/** A counter whose server is an honest table of orders, which can be away. */
class Counter {
  orders = new Map();
  sent = [];
  refusals = [];
  isAway = false;
  losesAnswers = false;

  constructor() {
    this.moves = new Moves({
      send: (tap) => this.answer(tap),
      now: () => NOW,
      changed: () => {},
      confirmed: (order) => this.orders.set(order.id, order),
      refused: (tap, problem, lost) => this.refusals.push([tap.number, problem.code, lost]),
      pause: () => new Promise(() => {}),
    });
  }

  add(number, status = "pending") {
    const order = { id: `o${number}`, number, version: 1, status, placed_at: "p", preparing_at: null, ready_at: null, picked_up_at: null };
    this.orders.set(order.id, order);
    return order;
  }

  /** What a shop that has the orders in its own table answers. */
  async answer(tap) {
    await null;
    if (this.isAway) throw new Problem("no_answer", 0);
    this.sent.push([tap.number, tap.to]);
    const order = this.orders.get(tap.order);
    if (order.status !== tap.to) {
      if (order.version !== tap.version) throw new Problem("version_mismatch", 412);
      this.orders.set(tap.order, overlaid(new Map([[tap.order, order]]), [tap]).get(tap.order));
    }
    if (this.losesAnswers) throw new Problem("no_answer", 0);
    return this.orders.get(tap.order);
  }

  seen(number) {
    return this.moves.shown(this.orders).get(`o${number}`);
  }
}

/** Let all that can go on go on. */
async function settle() {
  for (let turn = 0; turn < 50; turn += 1) await null;
}

class Memory {
  kept = new Map();
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  setItem(key, text) {
    this.kept.set(key, text);
  }
  removeItem(key) {
    this.kept.delete(key);
  }
}

test("a tap shows at once and is confirmed by the answer", async () => {
  const counter = new Counter();

  counter.moves.move(counter.add(1), "preparing");
  equal([counter.seen(1).status, counter.orders.get("o1").status, counter.moves.isHeld], ["preparing", "pending", false]);
  await settle();

  equal([counter.orders.get("o1").status, counter.orders.get("o1").version, counter.moves.taps], ["preparing", 2, []]);
});

test("taps without a network wait in their order, and are sent in it", async () => {
  const counter = new Counter();
  counter.isAway = true;
  for (const [number, to] of [[1, "preparing"], [2, "ready"], [1, "ready"]]) counter.moves.move(counter.seen(number) ?? counter.add(number), to);
  await settle();
  equal([counter.seen(1).status, counter.seen(1).version, counter.moves.isHeld, counter.moves.isWaiting(counter.seen(2))], ["ready", 3, true, true]);

  counter.isAway = false;
  counter.moves.resume();
  await settle();

  equal([counter.sent, counter.moves.taps, counter.moves.isHeld], [[[1, "preparing"], [2, "ready"], [1, "ready"]], [], false]);
});

test("a tap that is refused springs back, with those made upon it", async () => {
  const counter = new Counter();
  counter.isAway = true;
  counter.moves.move(counter.add(1), "preparing");
  counter.moves.move(counter.seen(1), "ready");
  counter.moves.move(counter.add(2), "preparing");
  await settle();
  counter.orders.set("o1", { ...counter.orders.get("o1"), status: "cancelled", version: 2 });
  equal(counter.seen(1).status, "cancelled");

  counter.isAway = false;
  counter.moves.resume();
  await settle();

  equal([counter.refusals, counter.seen(1).status, counter.seen(2).status], [[[1, "version_mismatch", 1]], "cancelled", "preparing"]);
});

test("a tap whose answer was lost is sent again and made once", async () => {
  const counter = new Counter();
  counter.losesAnswers = true;
  counter.moves.move(counter.add(1), "preparing");
  await settle();
  equal([counter.orders.get("o1").version, counter.moves.taps.length], [2, 1]);

  counter.losesAnswers = false;
  counter.moves.resume();
  await settle();

  equal([counter.orders.get("o1").version, counter.moves.taps, counter.refusals], [2, [], []]);
});

test("a tap that was not sent is taken back by not sending it, one that may have been by a move back", async () => {
  const counter = new Counter();
  counter.isAway = true;
  const first = counter.moves.move(counter.add(1), "preparing");
  const second = counter.moves.move(counter.add(2), "preparing");
  await settle();

  ok(counter.moves.undo(second, counter.seen(2)));
  ok(counter.moves.undo(first, counter.seen(1)));
  equal(counter.moves.taps.map(({ number, to }) => [number, to]), [[1, "preparing"], [1, "pending"]]);
  counter.isAway = false;
  counter.moves.resume();
  await settle();

  equal([counter.seen(1).status, counter.seen(2).status, counter.seen(2).version, counter.refusals], ["pending", "pending", 1, []]);
});

test("what somebody else has moved on meanwhile is not taken back", async () => {
  const counter = new Counter();
  const tap = counter.moves.move(counter.add(1), "preparing");
  await settle();
  counter.orders.set("o1", { ...counter.orders.get("o1"), status: "ready", version: 3 });

  equal([counter.moves.undo(tap, counter.seen(1)), counter.moves.taps], [false, []]);
});

test("taps stay on the device while nobody is signed in", async () => {
  const counter = new Counter();
  const answer = counter.answer.bind(counter);
  counter.answer = async () => Promise.reject(new Problem("unauthenticated", 401));
  counter.moves.move(counter.add(1), "preparing");
  await settle();
  equal([counter.moves.taps.length, counter.refusals], [1, []]);

  counter.answer = answer;
  counter.moves.resume();
  await settle();

  equal([counter.orders.get("o1").status, counter.moves.taps], ["preparing", []]);
});

test("taps survive a reload, and those of a tab that is gone go to the next one", async () => {
  const [device, tab] = [new Memory(), new Memory()];
  const before = new Counter();
  before.isAway = true;
  before.moves.restore(new Shelf(device, "k", tab, () => NOW));
  before.moves.move(before.add(1), "preparing");
  await settle();

  const reloaded = new Counter();
  reloaded.isAway = true;
  reloaded.add(1);
  reloaded.moves.restore(new Shelf(device, "k", tab, () => NOW + 1));
  equal([reloaded.seen(1).status, reloaded.moves.isHeld], ["preparing", true]);

  equal(new Shelf(device, "k", new Memory(), () => NOW + 100_000).take(), []);
  equal(read(new Shelf(device, "k", new Memory(), () => NOW + 200_000).take()).length, 1);
});

test("a device that keeps nothing, or nonsense, is no reason to stop", () => {
  const full = { getItem: () => "{", setItem: () => Promise.reject, removeItem: () => {} };
  equal(new Shelf(full, "k", new Memory()).take(), []);
  equal(read([{ order: 3 }, null, "x", { order: "o", number: 1, version: 1, from: "pending", to: "nowhere", reason: null, at: "" }]), []);
});

test("a recall clears what the move had written, as the server does", () => {
  const order = { id: "o", version: 4, status: "cancelled", cancelled_at: "t", cancelled_by: "shop", reason: "closing", ready_at: "r" };
  const tap = { order: "o", version: 4, from: "cancelled", to: "ready", reason: null, at: "now" };

  const back = overlaid(new Map([["o", order]]), [tap]).get("o");

  equal([back.status, back.cancelled_at, back.cancelled_by, back.reason, back.ready_at], ["ready", null, null, null, "r"]);
});

test("whatever happens in between, nothing is shown in the end that the server does not have", async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const [next, counter] = [random(seed), new Counter()];
    for (let number = 1; number <= 3; number += 1) counter.add(number);
    for (let step = 0; step < 25; step += 1) {
      const order = counter.seen(1 + Math.floor(next() * 3));
      const place = STEPS.indexOf(order.status);
      const to = STEPS[next() < 0.3 && place > 0 ? place - 1 : Math.min(place + 1, 3)];
      if (next() < 0.6 && to !== order.status) counter.moves.move(order, to);
      if (next() < 0.2) [counter.isAway, counter.losesAnswers] = [next() < 0.5, next() < 0.3];
      if (next() < 0.1) {
        const held = counter.orders.get(order.id);
        counter.orders.set(order.id, { ...held, status: held.status === "ready" ? "preparing" : "ready", version: held.version + 1 });
      }
      if (next() < 0.5) await settle();
      if (next() < 0.3) counter.moves.resume();
    }
    [counter.isAway, counter.losesAnswers] = [false, false];
    counter.moves.resume();
    await settle();

    equal([counter.moves.taps, [...counter.moves.shown(counter.orders)]], [[], [...counter.orders]]);
  }
});
