// @ts-check
import { csv } from "/static/board/csv.js";
import { dayAt, dayBeside, localTime, totals } from "/static/board/day.js";
import { equal, ok, test } from "./check.mjs";

/** @param {string} status @param {string} placed_at @param {[string, number, number][]} lines */
function order(status, placed_at, lines) {
  const all = lines.map(([name, quantity, amount_minor]) => ({ name, quantity, amount_minor }));
  return /** @type {any} */ ({ status, placed_at, lines: all, total_minor: all.reduce((sum, line) => sum + line.amount_minor, 0) });
}

const DAY = [
  order("picked_up", "2026-11-22T08:59:00Z", [["Flat white", 2, 700]]),
  order("pending", "2026-11-22T10:05:00Z", [["Flat white", 1, 350], ["Brownie", 1, 300]]),
  order("cancelled", "2026-11-22T12:00:00Z", [["Brownie", 9, 2700]]),
];

test("a file is quoted as spreadsheet programs expect it, and says that it is UTF-8", () => {
  equal(csv(["A", "B"], [["plain", 'two "words"'], ["a,b", "one\ntwo"], ["", "Zoë"]]), '\ufeffA,B\r\nplain,"two ""words"""\r\n"a,b","one\ntwo"\r\n,Zoë\r\n');
});

test("what somebody typed is never a formula", () => {
  for (const evil of ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("https://evil.example","x")']) {
    const [, line] = csv(["A"], [[evil]]).split("\r\n");
    ok(line.replace(/^"/, "").startsWith("'"), line);
  }
  equal(csv(["A"], [["3,50"]]), '\ufeffA\r\n"3,50"\r\n');
});

test("a day adds up by status, by item and by hour, and what was cancelled is not sold", () => {
  const { orders, statuses, items, hours } = totals(DAY, "Europe/Berlin");

  equal(orders, { count: 2, minor: 1350 });
  equal(statuses.map(({ status, count, minor }) => [status, count, minor]), [["pending", 1, 650], ["picked_up", 1, 700], ["cancelled", 1, 2700]]);
  equal(items.map(({ name, count, minor }) => [name, count, minor]), [["Flat white", 3, 1050], ["Brownie", 1, 300]]);
  equal(hours.map(({ hour, count }) => [hour, count]), [[9, 1], [10, 0], [11, 1]]);
  equal(totals([], "Europe/Berlin"), { orders: { count: 0, minor: 0 }, statuses: [], items: [], hours: [] });
});

test("days and times are those of the shop", () => {
  const late = Date.parse("2026-11-22T23:30:00Z");

  equal([dayAt(late, "Europe/Berlin"), dayAt(late, "America/New_York"), dayAt(late, "Asia/Kathmandu")], ["2026-11-23", "2026-11-22", "2026-11-23"]);
  equal([localTime("2026-11-22T23:30:00Z", "Asia/Kathmandu"), localTime(null, "UTC")], ["2026-11-23 05:15", ""]);
  equal([dayBeside("2026-03-01", -1), dayBeside("2026-12-31", 1)], ["2026-02-28", "2027-01-01"]);
});
