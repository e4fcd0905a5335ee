// @ts-check
/** Moving items and categories up and down a menu: by hand, by keys, by taps; each says where it went. */

import { groups, placed } from "./arrangement.js";
import { button, byId, element } from "./element.js";
import { Arranging } from "./manage-arranging.js";
import { RowDrag } from "./row-drag.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./arrangement.js").Group} Group */

/** @type {Record<string, (index: number, last: number) => number>} */
const STEPS = { ArrowUp: (index) => index - 1, ArrowDown: (index) => index + 1, Home: () => 0, End: (_, last) => last };

export class ItemMoves {
  #arranging;
  #drag;
  #changed;
  /** @type {string | null} the item that has its buttons for moving on show */
  #open = null;

  /** @param {import("./manage-arranging.js").Given} given @param {() => void} changed */
  constructor(given, changed) {
    this.#changed = changed;
    this.#arranging = new Arranging(given, changed);
    this.#drag = new RowDrag(byId("items"), {
      canPass: (row, other) => other.dataset.item !== undefined && other.dataset.category === row.dataset.category,
      ended: (row, isDropped) => this.#dropped(row, isDropped),
    });
  }

  /** The items in their order, as moved. */
  get items() {
    return this.#arranging.items;
  }

  /** Whether the list is in somebody's hand and has to stay as it is. */
  get isDragging() {
    return this.#drag.isUnderWay;
  }

  /** @param {string} category */
  positionOfNew(category) {
    return this.#arranging.positionOfNew(category);
  }

  /** @param {string} id */
  isOpen(id) {
    return id === this.#open;
  }

  /** What an item is moved by. @param {Item} item */
  handle({ id, name }) {
    const keydown = (/** @type {KeyboardEvent} */ event) => this.#press(event, id);
    const click = () => this.#turn(this.#open === id ? null : id);
    const label = say("manage.move", { name });
    const data = { drag: "", act: "move", focus: "move" };
    return element("button", { type: "button", className: "quiet handle", "aria-label": label, "aria-expanded": String(this.isOpen(id)), data, on: { keydown, click } });
  }

  /** For those who can neither drag nor press a key. @param {Item} item */
  buttons({ id, name }) {
    const step = (/** @type {string} */ key) => () => this.#step(id, STEPS[key]);
    return [
      arrow("up", say("manage.move_up", { name }), step("ArrowUp")),
      arrow("down", say("manage.move_down", { name }), step("ArrowDown")),
      button(say("manage.move_done"), () => this.#turn(null)),
    ];
  }

  /** The head of a category. @param {Group} group @param {Group[]} all @param {boolean} isOwner */
  heading({ name }, all, isOwner) {
    const index = all.findIndex((group) => group.name === name);
    const shown = name || say("menu.other");
    const move = (/** @type {number} */ by) => () => this.#moveGroup(name, index + by);
    const arrows = isOwner && [
      arrow("up", say("manage.move_up", { name: shown }), move(-1), index === 0),
      arrow("down", say("manage.move_down", { name: shown }), move(1), index === all.length - 1),
    ];
    return element("li", { className: "item-category" }, element("h3", { dir: "auto" }, shown), ...(arrows || []));
  }

  /** @param {KeyboardEvent} event @param {string} id */
  #press(event, id) {
    const step = STEPS[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.#step(id, step);
  }

  /** @param {string} id @param {(index: number, last: number) => number} step */
  #step(id, step) {
    const keys = this.#ownGroup(id).map((item) => item.id);
    const index = Math.max(0, Math.min(keys.length - 1, step(keys.indexOf(id), keys.length - 1)));
    if (index !== keys.indexOf(id)) this.#arranging.move({ id, ...placed(keys, id, index) });
    this.#tell(id);
  }

  /** @param {HTMLElement} row @param {boolean} isDropped */
  #dropped(row, isDropped) {
    const id = row.dataset.item ?? "";
    const rows = /** @type {HTMLElement[]} */ ([...byId("items").children]);
    const shown = rows.filter(({ dataset }) => dataset.item && dataset.category === row.dataset.category).map(({ dataset }) => dataset.item ?? "");
    const now = this.#ownGroup(id).map((item) => item.id);
    const { after, before } = placed(shown, id, shown.indexOf(id));
    const hasMoved = placed(now, id, now.indexOf(id)).after !== after;
    if (isDropped && hasMoved) this.#arranging.move({ id, after, before });
    else this.#changed();
    if (isDropped) this.#tell(id);
  }

  /** @param {string} category @param {number} index */
  #moveGroup(category, index) {
    const names = groups(this.items).map(({ name }) => name);
    this.#arranging.move({ category, ...placed(names, category, index) });
    const name = category || say("menu.other");
    byId("moved").textContent = say("manage.category_moved", { name, place: index + 1, total: names.length });
  }

  /** @param {string | null} id */
  #turn(id) {
    this.#open = id;
    this.#changed();
  }

  /** @param {string} id */
  #tell(id) {
    const own = this.#ownGroup(id);
    const index = own.findIndex((item) => item.id === id);
    if (index < 0) return;
    byId("moved").textContent = say("manage.moved", { name: own[index].name, place: index + 1, total: own.length });
  }

  /** The items of the category that an item is of. @param {string} id */
  #ownGroup(id) {
    return groups(this.items).find(({ items }) => items.some((item) => item.id === id))?.items ?? [];
  }
}

/** @param {string} way @param {string} label @param {() => void} click @param {boolean} [disabled] */
function arrow(way, label, click, disabled = false) {
  return element("button", { type: "button", className: "quiet arrow", "aria-label": label, disabled, data: { act: way, focus: way }, on: { click } });
}
