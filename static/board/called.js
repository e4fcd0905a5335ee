// @ts-check
/** One half of the pickup screen: the numbers of one status, as large as there is room for. */

import { byId, element, showList, tell } from "./element.js";
import { fit } from "./fit.js";
import { dayName } from "./format.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Called} Called */
/** @typedef {import("./days.js").Numbered} Numbered */

// Numbers of one and of two digits have the same size, so that the tenth order changes nothing.
const FEWEST_DIGITS = 2;
// What can still be read from three metres: a part of the shorter side of the screen, and of small ones not less than this.
const LEAST_PART = 0.037;
const LEAST_PX = 24;
// An earlier day's numbers stand in one line, each with about so much room.
const EARLIER_PX = 110;

/** @param {Numbered} order */
export function keyOf({ day, number }) {
  return `${day}/${number}`;
}

export class CalledNumbers {
  #list;
  #none;
  #also;
  #status;
  #leaving;
  #digitEm;
  /** @type {{today: Called[], earlier: {day: string, numbers: Called[]}[]}} */
  #shown = { today: [], earlier: [] };

  /**
   * @param {string} status
   * @param {(orders: Called[]) => Called[]} leaving in which order numbers leave the screen where there are too many
   */
  constructor(status, leaving) {
    this.#status = status;
    this.#leaving = leaving;
    this.#list = byId(`numbers-${status}`);
    this.#none = byId(`none-${status}`);
    this.#also = byId(`also-${status}`);
    this.#digitEm = digitWidth(this.#list);
    new ResizeObserver(() => this.#draw()).observe(this.#list);
  }

  /** @param {Called[]} today @param {{day: string, numbers: Called[]}[]} earlier */
  show(today, earlier) {
    this.#shown = { today, earlier };
    this.#draw();
  }

  /** Let these stand out, and no others. @param {ReadonlySet<string>} keys */
  highlight(keys) {
    for (const number of this.#list.children) {
      const isNew = keys.has(number.dataset.key ?? "");
      if (isNew !== "new" in number.dataset) isNew ? (number.dataset.new = "") : delete number.dataset.new;
    }
  }

  #draw() {
    const { today, earlier } = this.#shown;
    const { clientWidth: width, clientHeight: height } = this.#list;
    const digits = Math.max(FEWEST_DIGITS, ...today.map(({ number }) => String(number).length));
    const leastPx = Math.max(LEAST_PX, LEAST_PART * Math.min(innerWidth, innerHeight));
    const { columns, rows, sizePx, shown } = fit({ width, height, count: today.length, digits, digitEm: this.#digitEm, leastPx });
    this.#list.style.setProperty("--columns", String(columns));
    this.#list.style.setProperty("--rows", String(rows));
    this.#list.style.setProperty("--size", `${sizePx}px`);
    const gone = new Set(this.#leaving(today).slice(0, today.length - shown));
    this.#list.dataset.more = String(gone.size);
    showList(this.#list, today.filter((order) => !gone.has(order)), {
      key: keyOf,
      mark: () => this.#status,
      make: (order) => element("li", { className: "number" }, String(order.number)),
    });
    tell(this.#none, today.length === 0 ? say(`pickup.none.${this.#status}`) : "");
    const more = gone.size > 0 ? [say("pickup.more", { count: gone.size })] : [];
    this.#also.textContent = [...more, ...earlier.map((each) => earlierText(each, width))].join(" · ");
  }
}

/** @param {{day: string, numbers: Called[]}} earlier @param {number} width */
function earlierText({ day, numbers }, width) {
  const most = Math.max(2, Math.floor(width / EARLIER_PX));
  const named = numbers.slice(0, most).map(({ number }) => number);
  const rest = numbers.length - named.length;
  const listed = rest > 0 ? [...named, say("pickup.more", { count: rest })] : named;
  return say("pickup.earlier", { day: dayName(day), numbers: listed.join(", ") });
}

/** The widest digit of the font that this device has, in its own size. @param {HTMLElement} list */
function digitWidth(list) {
  const probe = element("li", { className: "number probe" }, "0000000000");
  list.append(probe);
  const { width } = probe.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(probe).fontSize);
  probe.remove();
  return width / size / 10 || 0.6;
}
