// @ts-check
/** The menu as those who work at the shop see it: its owner adds and edits, all mark what is sold out and count. */

import { path } from "./api.js";
import { groups } from "./arrangement.js";
import { byId, element, showList, tell } from "./element.js";
import { later } from "./later.js";
import { ItemMoves } from "./manage-item-moves.js";
import { itemRow } from "./manage-item-row.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Item} Item */
/** @typedef {import("./manage-item-add.js").AddForm} AddForm */
/** @typedef {import("./manage-item-editor.js").ItemEditor} ItemEditor */
/** @typedef {import("./arrangement.js").Group} Group */
/** @typedef {{inventory: import("./inventory.js").Inventory, toast: import("./toast.js").Toast, isOwner: boolean}} Given */

// A menu that fits on one screen needs no search.
const SEARCHED_FROM = 12;
const adding = later(() => import("./manage-item-add.js"));
const stock = later(() => import("./manage-item-stock.js"));
const editor = later(() => import("./manage-item-editor.js"));

export class ItemsPanel {
  #given;
  #moves;
  #currency = "";
  #slug = "";
  /** @type {Map<string, ItemEditor>} */
  #editors = new Map();
  /** @type {Map<string, boolean>} whether it is to be had, as tapped and not yet confirmed */
  #wishes = new Map();
  /** @type {AddForm | null} */
  #adding = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
    this.#moves = new ItemMoves(given, () => this.#showItems());
    byId("find-item").addEventListener("input", () => this.#showItems());
    byId("add-open").addEventListener("click", () => this.#openForm());
  }

  get isDirty() {
    return this.#adding?.isDirty || [...this.#editors.values()].some((editor) => editor.isDirty);
  }

  /** @param {import("./store.js").Shop} shop */
  show({ currency = "", slug }) {
    this.#slug = slug;
    this.#currency = currency;
    this.#showItems();
  }

  /** Go to where the first item is typed. */
  focus() {
    return this.#openForm();
  }

  #showItems() {
    const { items } = this.#moves;
    const isLong = items.length > SEARCHED_FROM;
    byId("find-item-place").hidden = !isLong;
    byId("item-count").textContent = items.length === 0 ? "" : String(items.length);
    if (this.#given.isOwner && items.length === 0) this.#openForm(false);
    byId("add-open").hidden = !this.#given.isOwner || this.#adding !== null;
    offerCategories(byId("categories"), items);
    this.#updateEditors();
    const found = isLong ? items.filter((item) => this.#isSought(item)) : items;
    tell(byId("no-items"), items.length === 0 ? say("manage.no_items") : found.length === 0 ? say("manage.none_found") : "");
    if (!this.#moves.isDragging) this.#showRows(this.#withEdited(found), found.length === items.length);
  }

  /** @param {Item[]} items @param {boolean} isWhole whether none is left out, so that all stand beside their neighbours */
  #showRows(items, isWhole) {
    const all = groups(this.#moves.items);
    const hasHeadings = all.some(({ name }) => name);
    const mayMove = this.#given.isOwner && isWhole;
    const shown = groups(items.map((item) => this.#wished(item)));
    const rows = shown.flatMap((group) => [...(hasHeadings ? [group] : []), ...group.items]);
    const isMovable = (/** @type {Item} */ item) => mayMove && (shown.find(({ items: own }) => own.includes(item))?.items.length ?? 0) > 1;
    showList(byId("items"), rows, {
      key: (row) => ("items" in row ? `category ${row.name}` : row.id),
      mark: (row) => ("items" in row ? JSON.stringify([all.findIndex(({ name }) => name === row.name), all.length, mayMove]) : this.#mark(row, isMovable(row))),
      make: (row) => ("items" in row ? this.#moves.heading(row, all, mayMove && all.length > 1) : this.#row(row, isMovable(row))),
    });
  }

  /** @param {Item} item @param {boolean} isMovable */
  #mark(item, isMovable) {
    const seen = [item, this.#currency, isMovable, isMovable && this.#moves.isOpen(item.id)];
    return this.#editors.has(item.id) ? `edited ${item.category}` : JSON.stringify(seen);
  }

  /** @param {Item} item @param {boolean} isMovable */
  #row(item, isMovable) {
    const editor = this.#editors.get(item.id);
    const row = editor?.element ?? itemRow(item, this.#currency, this.#acts(item), isMovable ? this.#moves : null);
    row.dataset.category = item.category ?? "";
    return row;
  }

  /** What is being edited stays in sight: also when it is not what is searched for, or was taken off the menu.
   * @param {Item[]} items */
  #withEdited(items) {
    const ids = new Set(items.map(({ id }) => id));
    const edited = [...this.#editors.keys()].filter((id) => !ids.has(id)).map((id) => this.#given.inventory.item(id));
    return [...items, .../** @type {Item[]} */ (edited.filter(Boolean))];
  }

  #updateEditors() {
    for (const [id, editor] of this.#editors) {
      const item = this.#given.inventory.item(id);
      if (item) editor.update(item);
    }
  }

  /** @param {Item} item */
  #isSought({ name, category }) {
    const sought = byId("find-item").value.trim().toLocaleLowerCase();
    return `${name} ${category ?? ""}`.toLocaleLowerCase().includes(sought);
  }

  /** An item as it will be once what was tapped is confirmed. @param {Item} item */
  #wished(item) {
    const wish = this.#wishes.get(item.id);
    return wish === undefined ? item : { ...item, available: wish, sold_out: !wish };
  }

  /** @param {Item} item */
  #acts(item) {
    return {
      sell: (/** @type {boolean} */ isToBeHad) => this.#sell(item.id, isToBeHad),
      count: () => this.#count(item.id),
      edit: this.#given.isOwner ? () => this.#edit(item) : undefined,
    };
  }

  /** One tap: shown at once, then sent. While it is under way, the last tap counts.
   * @param {string} id @param {boolean} isToBeHad */
  async #sell(id, isToBeHad) {
    const item = this.#given.inventory.item(id);
    // Only more of it makes it sell again.
    if (isToBeHad && item?.available && item.stock === 0) return this.#count(id);
    const isUnderWay = this.#wishes.has(id);
    this.#wishes.set(id, isToBeHad);
    this.#showItems();
    if (!isUnderWay) await this.#send(id);
  }

  /** @param {string} id @returns {Promise<void>} */
  async #send(id) {
    const { inventory, toast } = this.#given;
    const available = this.#wishes.get(id) ?? true;
    try {
      await inventory.change(id, { available });
      if (this.#wishes.get(id) !== available) return await this.#send(id);
    } catch (problem) {
      const what = say("manage.not_saved", { name: inventory.item(id)?.name ?? "" });
      toast.refuse(problem, what, { act: say("manage.again"), on: () => this.#sell(id, available) });
    }
    this.#wishes.delete(id);
    this.#showItems();
  }

  /** @param {string} id */
  async #count(id) {
    const { inventory, toast } = this.#given;
    const item = inventory.item(id);
    if (!item) return;
    const question = await stock().catch((problem) => toast.refuse(problem));
    if (!question) return;
    const left = await question.askStock(item);
    // The row may have been shown anew meanwhile, and the button gone that the dialog gives the focus back to.
    if (document.activeElement === document.body) this.#act(id, "count")?.focus();
    if (left === undefined) return;
    await inventory.change(id, { stock: left }).catch((problem) => toast.refuse(problem, say("manage.not_saved", { name: item.name })));
  }

  /** @param {Item} item */
  async #edit(item) {
    const { inventory, toast } = this.#given;
    const module = await editor().catch((problem) => toast.refuse(problem));
    if (!module || this.#editors.has(item.id)) return;
    const closed = (/** @type {string} */ id) => this.#close(id);
    const made = new module.ItemEditor(inventory.item(item.id) ?? item, { inventory, toast, currency: () => this.#currency, closed });
    this.#editors.set(item.id, made);
    this.#showItems();
    this.#focus(() => made.focus());
  }

  /** @param {string} id */
  #close(id) {
    this.#editors.delete(id);
    this.#showItems();
    this.#focus(() => this.#act(id, "edit")?.focus());
  }

  /** A button of an item's row as it is now. @param {string} id @param {string} name @returns {HTMLElement | null} */
  #act(id, name) {
    return byId("items").querySelector(`[data-item="${id}"] [data-act=${name}]`);
  }

  /** Move the focus once the list has given that of the old row to the new one. @param {() => void} move */
  #focus(move) {
    queueMicrotask(move);
  }

  async #openForm(isWanted = true) {
    const module = await adding().catch((problem) => isWanted && this.#given.toast.refuse(problem));
    if (!module || (!isWanted && this.#moves.items.length > 0)) return;
    const opened = () => location.assign(path`/shops/${this.#slug}/board`);
    const position = (/** @type {string} */ category) => this.#moves.positionOfNew(category);
    this.#adding ??= new module.AddForm({ ...this.#given, position, currency: () => this.#currency, closed: () => this.#closeForm(), opened });
    if (!this.#adding.element.isConnected) byId("add-place").replaceChildren(this.#adding.element);
    byId("add-open").hidden = true;
    if (isWanted) this.#adding.focus();
  }

  #closeForm() {
    this.#adding = null;
    byId("add-place").replaceChildren();
    this.#showItems();
    byId("add-open").focus();
  }
}

/** Offer the categories that there are, to be chosen again. @param {HTMLElement} list @param {Item[]} items */
function offerCategories(list, items) {
  const names = [...new Set(items.map((item) => item.category ?? "").filter(Boolean))].sort();
  // Filled anew only with others: a list that is open would close under the hand.
  const mark = names.join("\n");
  if (list.dataset.mark === mark) return;
  list.dataset.mark = mark;
  list.replaceChildren(...names.map((value) => element("option", { value })));
}
