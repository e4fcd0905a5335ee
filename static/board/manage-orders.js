// @ts-check
/** A day's orders: the figures at a glance, the table, and the table as a file that is made in the page. */

import { byId, element, showList, tell } from "./element.js";
import { csv } from "./csv.js";
import { DayBook } from "./day-book.js";
import { dayAt, dayBeside, localTime, totals } from "./day.js";
import { dayOnly, hourOfDay, money, plainMoney, timeOfDay } from "./format.js";
import { refusal, say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{api: import("./api.js").Api, live: import("./live.js").Live}} Given */

const SHOWN = 100;
const ITEMS_SHOWN = 8;
const COLUMNS = ["number", "day", "status", "placed", "ready", "picked_up", "cancelled", "name", "items", "note", "reason", "total", "currency"];

export class OrdersPanel {
  #given;
  /** @type {DayBook | null} */
  #book = null;
  /** @type {Shop | null} */
  #shop = null;
  /** @type {string | null} null is whatever day it is */
  #chosen = null;
  #isShown = false;
  #isWhole = false;
  #showsAll = false;
  #head = 0;
  /** @type {Promise<void> | null} */
  #reading = null;
  #isWanted = false;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    byId("day").addEventListener("change", () => this.#choose(byId("day").value || null));
    byId("day-before").addEventListener("click", () => this.#choose(dayBeside(this.#day, -1)));
    byId("day-after").addEventListener("click", () => this.#choose(dayBeside(this.#day, 1)));
    byId("day-download").addEventListener("click", () => this.#download());
    byId("day-again").addEventListener("click", () => this.#read());
    byId("day-all").addEventListener("click", () => ((this.#showsAll = true), this.#draw()));
  }

  /** @param {Shop} shop */
  show(shop) {
    this.#shop = shop;
    this.#book ??= new DayBook(this.#given.api, shop.id);
    this.#read();
  }

  /** Read only while somebody looks. @param {string} part of the page that is shown */
  turned(part) {
    this.#isShown = part === "orders";
    if (!this.#isShown) return;
    this.#draw();
    this.#read();
  }

  /** @param {any} frame */
  hear(frame) {
    if (frame.type !== "beat" || frame.head === this.#head) return;
    this.#head = frame.head;
    this.#read();
  }

  get #timeZone() {
    return this.#shop?.time_zone ?? "UTC";
  }

  get #today() {
    return dayAt(this.#given.live.serverNow(), this.#timeZone);
  }

  get #day() {
    return this.#chosen ?? this.#today;
  }

  get #orders() {
    return this.#book?.of(this.#day) ?? [];
  }

  /** @param {string | null} day */
  #choose(day) {
    this.#chosen = day === null || day >= this.#today ? null : day;
    this.#isWhole = this.#showsAll = false;
    this.#draw();
    this.#read();
  }

  /** One reading at a time; whoever asks meanwhile is answered by one more. */
  #read() {
    if (!this.#isShown || !this.#book) return;
    this.#isWanted = true;
    this.#reading ??= this.#readAll().finally(() => (this.#reading = null));
  }

  async #readAll() {
    try {
      while (this.#isWanted && this.#isShown) {
        this.#isWanted = false;
        const day = this.#day;
        await this.#book?.read(day, () => (this.#draw(), day === this.#day));
        this.#isWhole = day === this.#day;
        this.#draw();
      }
      tell(byId("day-problem"), "");
      byId("day-again").hidden = true;
    } catch (problem) {
      tell(byId("day-problem"), refusal(problem));
      byId("day-again").hidden = false;
    }
  }

  #draw() {
    const orders = this.#orders;
    const day = byId("day");
    if (document.activeElement !== day) day.value = this.#day;
    day.max = this.#today;
    byId("day-after").disabled = this.#day >= this.#today;
    byId("day-download").disabled = !this.#isWhole || orders.length === 0;
    byId("part-orders").setAttribute("aria-busy", String(!this.#isWhole));
    tell(byId("day-state"), this.#isWhole ? (orders.length === 0 ? say("day.none", { day: dayOnly(this.#day) }) : "") : say("day.reading", { count: orders.length }));
    byId("day-figures").hidden = byId("day-table").hidden = orders.length === 0;
    byId("day-all").hidden = this.#showsAll || orders.length <= SHOWN;
    byId("day-all").textContent = say("day.all", { count: orders.length });
    this.#drawFigures(orders);
    showList(byId("day-rows"), this.#showsAll ? orders : orders.slice(0, SHOWN), {
      key: ({ id }) => id,
      mark: ({ version }) => String(version),
      make: (order) => orderRow(order, this.#timeZone),
    });
  }

  /** @param {Order[]} orders */
  #drawFigures(orders) {
    const { orders: all, statuses, items, hours } = totals(orders, this.#timeZone);
    const currency = orders[0]?.currency ?? "EUR";
    const price = (/** @type {number} */ minor) => money(minor, currency);
    byId("day-count").textContent = String(all.count);
    byId("day-sum").textContent = price(all.minor);
    byId("day-statuses").replaceChildren(
      ...statuses.map(({ status, count, minor }) => figure(element("span", { className: "mark", data: { status } }, say(`status.${status}`)), String(count), price(minor))),
    );
    const rest = items.slice(ITEMS_SHOWN);
    byId("day-items").replaceChildren(
      ...items.slice(0, ITEMS_SHOWN).map(({ name, count, minor }) => figure(element("span", { dir: "auto" }, name), String(count), price(minor), count / items[0].count)),
      ...(rest.length > 0 ? [figure(say("day.others"), String(added(rest, "count")), price(added(rest, "minor")))] : []),
    );
    const most = Math.max(1, ...hours.map(({ count }) => count));
    byId("day-hours").replaceChildren(...hours.map(({ hour, count, minor }) => figure(hourOfDay(hour), String(count), price(minor), count / most)));
  }

  #download() {
    const rows = this.#orders.toReversed().map((order) => cells(order, this.#timeZone));
    const file = new Blob([csv(COLUMNS.map((name) => say(`day.column.${name}`)), rows)], { type: "text/csv;charset=utf-8" });
    const link = element("a", { href: URL.createObjectURL(file), download: `${this.#shop?.slug}-${this.#day}.csv` });
    link.click();
    // The browser takes hold of the file when it is clicked, but not all do so at once.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}

/** @param {{count: number, minor: number}[]} sums @param {"count" | "minor"} what */
function added(sums, what) {
  return sums.reduce((total, each) => total + each[what], 0);
}

/** A name, how many and how much, with a bar as long as its share. @param {Node | string} name @param {string} count
 * @param {string} amount @param {number} [share] */
function figure(name, count, amount, share) {
  const row = element("li", { className: "figure" }, element("span", {}, name), element("strong", {}, count), element("span", { className: "amount" }, amount));
  if (share !== undefined) row.style.setProperty("--share", String(share));
  return row;
}

/** @param {Order} order @param {string} timeZone */
function orderRow(order, timeZone) {
  const status = element("span", { className: "mark", data: { status: order.status } }, element("span", { className: "mark-word" }, say(`status.${order.status}`)));
  return element(
    "tr",
    { data: { status: order.status } },
    element("th", { scope: "row", className: "number" }, String(order.number)),
    element("td", {}, timeOfDay(order.placed_at, undefined, timeZone)),
    element("td", {}, status),
    element("td", {}, element("span", { dir: "auto" }, named(order)), element("p", { className: "hint", dir: "auto" }, lines(order))),
    element("td", { className: "amount" }, money(order.total_minor, order.currency)),
  );
}

/** @param {Order} order @param {string} timeZone @returns {string[]} by column */
function cells(order, timeZone) {
  const at = (/** @type {string | null} */ moment) => localTime(moment, timeZone);
  const times = [order.placed_at, order.ready_at, order.picked_up_at, order.cancelled_at].map(at);
  const total = plainMoney(order.total_minor, order.currency);
  return [String(order.number), order.business_day, say(`status.${order.status}`), ...times, named(order), lines(order), order.note ?? "", order.reason ?? "", total, order.currency];
}

/** @param {Order} order */
function named({ pickup_name: called, customer }) {
  return called ?? customer.name;
}

/** @param {Order} order */
function lines(order) {
  return order.lines.map(({ quantity, name, note }) => `${quantity} × ${name}${note ? ` (${note})` : ""}`).join(", ");
}
