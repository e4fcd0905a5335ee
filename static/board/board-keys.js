// @ts-check
/** The counter board by keyboard or bump bar: a number picks a card, Enter moves it. */

import { byId, tell } from "./element.js";
import { numbered, typed } from "./find.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Order} Order */
/**
 * @typedef {object} Board
 * @property {() => Order[]} orders those that are shown, the oldest first
 * @property {(order: Order) => void} pick
 * @property {(across: number, along: number) => void} step
 * @property {() => void} undo
 * @property {() => void} find
 * @property {() => void} clear
 * @property {() => void} help
 */

// Digits that come within this time are one number.
const NUMBER_MS = 1_500;
/** @type {ReadonlyMap<string, [number, number]>} */
const ARROWS = new Map([
  ["ArrowLeft", [-1, 0]],
  ["ArrowRight", [1, 0]],
  ["ArrowUp", [0, -1]],
  ["ArrowDown", [0, 1]],
]);


/** @param {Board} board */
export function listenToKeys(board) {
  const number = new NumberKeys(board);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") board.clear();
    else if (!isTyping(event.target) && press(event, board, number)) event.preventDefault();
  });
}

/** @param {KeyboardEvent} event @param {Board} board @param {NumberKeys} number */
function press(event, board, number) {
  const { key, repeat } = event;
  const [across, along] = ARROWS.get(key) ?? [];
  if (/^\d$/.test(key)) number.press(key);
  else if (across !== undefined && along !== undefined) board.step(isRightToLeft() ? -across : across, along);
  // A key that is held down must not move one order after the other.
  else if (key === "Enter") return repeat;
  else if (key === "u" || key === "Backspace") board.undo();
  else if (key === "/") board.find();
  else if (key === "?") board.help();
  else return false;
  return true;
}

class NumberKeys {
  #board;
  #digits = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Board} board */
  constructor(board) {
    this.#board = board;
  }

  /** @param {string} digit */
  press(digit) {
    this.#digits = typed(this.#digits, digit);
    const order = numbered(this.#board.orders(), this.#digits);
    if (order) this.#board.pick(order);
    tell(byId("picking"), say(order ? "keys.picked" : "keys.unknown", { number: this.#digits }));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#digits = "";
      tell(byId("picking"), "");
    }, NUMBER_MS);
  }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input,textarea,select") !== null;
}

function isRightToLeft() {
  return getComputedStyle(document.documentElement).direction === "rtl";
}
