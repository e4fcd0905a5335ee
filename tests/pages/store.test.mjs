// @ts-check
import { ACTIVE, activeOrders, apply, empty, finishedOrders, merge, soldItems } from "/static/board/store.js";
import { equal, ok, random, test } from "./check.mjs";

const MOVES = { pending: ["preparing", "ready", "cancelled"], preparing: ["ready", "pending", "cancelled"], ready: ["picked_up", "preparing"], picked_up: ["ready"], cancelled: [] };

/** A shop that makes up its own history, and can say at any moment what a fresh snapshot would be. */
class Shop {
  constructor(seed) {
    this.random = random(seed);
    this.orders = new Map();
    this.items = new Map();
    this.shop = { id: "s", slug: "s", name: "S", version: 1 };
    this.seq = 0;
  }

  pick(things) {
    return things[Math.floor(this.random() * things.length)];
  }

  happen() {
    this.seq += 1;
    const kind = this.pick(["place", "move", "move", "item", "item", "shop"]);
    if (kind === "shop") return this.event("shop", (this.shop = { ...this.shop, name: `S${this.seq}`, version: this.shop.version + 1 }));
    if (kind === "item") return this.event("item", this.changeItem());
    return this.event("order", kind === "place" || this.orders.size === 0 ? this.place() : this.move());
  }

  place() {
    const number = this.orders.size + 1;
    const order = { id: `o${number}`, number, status: "pending", version: 1, placed_at: at(number), updated_at: at(this.seq) };
    this.orders.set(order.id, order);
    return order;
  }

  move() {
    const order = this.pick([...this.orders.values()]);
    const status = this.pick(MOVES[order.status]) ?? order.status;
    const moved = { ...order, status, version: order.version + 1, updated_at: at(this.seq) };
    this.orders.set(order.id, moved);
    return moved;
  }

  changeItem() {
    const id = `i${Math.floor(this.random() * 8)}`;
    const before = this.items.get(id) ?? { id, version: 0, position: 0 };
    const item = { ...before, version: before.version + 1, position: Math.floor(this.random() * 5), archived: this.random() < 0.2 };
    this.items.set(id, item);
    return item;
  }

  event(type, thing) {
    return { type, seq: this.seq, at: at(this.seq), [type]: thing };
  }

  snapshot() {
    const orders = [...this.orders.values()].filter((order) => ACTIVE.includes(order.status));
    const items = [...this.items.values()].filter((item) => !item.archived);
    return { type: "snapshot", epoch: "e", seq: this.seq, shop: this.shop, orders, items };
  }
}

function at(seconds) {
  return new Date(Date.UTC(2026, 10, 22, 9) + seconds * 1000).toISOString();
}

function shown(state) {
  return { seq: state.seq, shop: state.shop, orders: activeOrders(state), items: soldItems(state) };
}

function order(version, status = "pending") {
  return { id: "o1", number: 1, status, version, placed_at: at(1), updated_at: at(version) };
}

test("a snapshot and the events after it are what a fresh snapshot shows", () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const shop = new Shop(seed);
    for (let before = seed % 17; before > 0; before -= 1) shop.happen();
    let state = apply(empty(), shop.snapshot());

    for (let step = 0; step < 80; step += 1) {
      state = apply(state, shop.happen());
      equal(shown(state), shown(apply(empty(), shop.snapshot())));
    }
  }
});

test("events that come twice, and answers of the API that come early or late, change nothing in the end", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const shop = new Shop(seed);
    let state = apply(empty(), shop.snapshot());
    const heard = [];

    for (let step = 0; step < 60; step += 1) {
      const event = shop.happen();
      heard.push(event);
      if (event.type === "order" && shop.random() < 0.5) state = merge(state, "order", event.order);
      state = apply(state, event);
      const old = shop.pick(heard);
      state = apply(merge(state, old.type, old[old.type]), old);
    }

    equal(shown(state), shown(apply(empty(), shop.snapshot())));
  }
});

test("a frame of an unknown type is ignored", () => {
  const state = apply(empty(), { type: "snapshot", epoch: "e", seq: 3, orders: [order(1)], items: [] });

  equal(shown(apply(state, { type: "weather", seq: 4 })), shown(state));
});

test("an answer that comes late does not bring a finished order back", () => {
  let state = apply(empty(), { type: "snapshot", epoch: "e", seq: 3, orders: [order(3, "ready")], items: [] });
  state = merge(state, "order", order(4, "picked_up"));

  state = apply(state, { type: "order", seq: 4, order: order(3, "ready") });

  equal(activeOrders(state), []);
  equal(finishedOrders(state).map(({ version }) => version), [4]);
});

test("a snapshot of another epoch replaces everything, higher versions included", () => {
  const state = apply(empty(), { type: "snapshot", epoch: "e", seq: 9, orders: [order(7)], items: [] });

  const restored = apply(state, { type: "snapshot", epoch: "f", seq: 2, orders: [order(2)], items: [] });

  equal(activeOrders(restored).map(({ version }) => version), [2]);
});

test("the pickup screen takes a number off when its status is null", () => {
  const called = [{ day: "2026-11-22", number: 7, status: "ready" }];
  let state = apply(empty(), { type: "snapshot", epoch: "e", seq: 1, shop: { id: "s", slug: "s", name: "S" }, orders: called });

  state = apply(state, { type: "order", seq: 5, order: { day: "2026-11-22", number: 7, status: null } });

  equal(activeOrders(state), []);
});

test("a board that runs all day keeps only the newest finished orders", () => {
  let state = apply(empty(), { type: "snapshot", epoch: "e", seq: 0, orders: [], items: [] });

  for (let seq = 1; seq <= 2000; seq += 1) {
    const done = { ...order(2, "picked_up"), id: `o${seq}`, number: seq, updated_at: at(seq) };
    state = apply(state, { type: "order", seq, order: done });
  }

  ok(state.orders.size <= 200, `${state.orders.size} are kept`);
  equal(finishedOrders(state)[0].number, 2000);
});

test("the oldest order comes first", () => {
  const placed = [3, 1, 2].map((number) => ({ ...order(1), id: `o${number}`, number, placed_at: at(number) }));

  const state = apply(empty(), { type: "snapshot", epoch: "e", seq: 3, orders: placed, items: [] });

  equal(activeOrders(state).map(({ number }) => number), [1, 2, 3]);
});
