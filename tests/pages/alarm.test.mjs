// @ts-check
import { Alarm } from "/static/board/alarm.js";
import { apply, empty } from "/static/board/store.js";
import { equal, test } from "./check.mjs";

/** A board that has heard everything up to now, and what its loudspeaker did. */
function counter() {
  /** @type {string[]} */
  const heard = [];
  /** @type {number[]} */
  const cancelled = [];
  const sound = { ring: (/** @type {any} */ name) => heard.push(name ? `ring ${name}` : "hush"), play: (/** @type {any} */ name) => heard.push(name) };
  const alarm = new Alarm({ sound, cancelled: (order) => cancelled.push(order.number) });
  let state = apply(empty(), { type: "snapshot", epoch: "e", seq: 0, orders: [] });
  alarm.see(state);
  let seq = 0;
  /** @param {number} number @param {string} status @param {object} [more] */
  const tell = (number, status, more) => {
    seq += 1;
    state = apply(state, { type: "order", seq, order: order(number, status, seq, more) });
    alarm.see(state);
  };
  return { alarm, tell, heard, cancelled };
}

/** @param {number} number @param {string} status @param {number} version @param {object} [more] @returns {any} */
function order(number, status, version, more) {
  return { id: `order-${number}`, number, status, version, updated_at: "2026-11-27T09:00:00.000Z", ...more };
}

test("a new order rings until somebody touches the board, and the next one rings anew", () => {
  const { alarm, tell, heard } = counter();

  tell(1, "pending");
  tell(2, "pending");
  equal(heard, ["ring placed"]);

  alarm.touched();
  equal(heard, ["ring placed", "hush"]);
  tell(3, "pending");

  equal(heard, ["ring placed", "hush", "ring placed"]);
});

test("a new order that another board has started rings no longer", () => {
  const { tell, heard } = counter();
  tell(1, "pending");
  tell(2, "pending");

  tell(1, "preparing");
  equal(heard, ["ring placed"]);
  tell(2, "cancelled", { cancelled_by: "customer" });

  equal(heard, ["ring placed", "cancelled", "hush"]);
});

test("an order that is taken back to new is no news", () => {
  const { alarm, tell, heard } = counter();
  tell(1, "pending");
  alarm.touched();
  tell(1, "preparing");

  tell(1, "pending");

  equal(heard, ["ring placed", "hush"]);
});

test("new orders that came while the board was away ring when it is back", () => {
  const { alarm, heard } = counter();

  alarm.see(apply(empty(), { type: "snapshot", epoch: "e", seq: 9, orders: [order(7, "pending", 1)] }));

  equal(heard, ["ring placed"]);
});

test("a cancellation by the customer or at another board is heard, one made here is not", () => {
  const { alarm, tell, heard, cancelled } = counter();
  for (const number of [1, 2, 3, 4]) tell(number, "preparing");

  tell(1, "cancelled", { cancelled_by: "customer" });
  tell(2, "cancelled", { cancelled_by: "shop" });
  alarm.cancels(order(3, "preparing", 6));
  tell(3, "cancelled", { cancelled_by: "shop" });
  tell(4, "cancelled", { cancelled_by: "system" });

  equal(heard, ["cancelled", "cancelled"]);
  equal(cancelled, [1, 2]);
});

test("a cancellation that was refused here does not hide the one of somebody else", () => {
  const { alarm, tell, cancelled } = counter();
  tell(1, "pending");
  alarm.cancels(order(1, "pending", 1));

  tell(1, "preparing");
  tell(1, "cancelled", { cancelled_by: "shop" });

  equal(cancelled, [1]);
});

test("a board that is not live sounds until it is touched or live again, and before all else", () => {
  const { alarm, tell, heard } = counter();
  tell(1, "pending");

  alarm.turned("late");
  alarm.turned("stale");
  alarm.turned("live");
  alarm.turned("stale");
  alarm.touched();

  equal(heard, ["ring placed", "ring lost", "ring placed", "ring lost", "hush"]);
});
