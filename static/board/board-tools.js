// @ts-check
/**
 * What stands above the columns: stations, the search, what can be shown beside, and on a phone the columns' tabs. There,
 * what is seldom needed waits in a sheet.
 */

import { byId, element, showList } from "./element.js";
import { OTHER, toggled } from "./stations.js";
import { ACTIVE } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./stations.js").Stations} Stations */
/** @typedef {{changed: () => void, help: () => void}} Given */

const SIDES = ["all_day", "done"];
// A search that was forgotten hides orders.
const FORGOTTEN_MS = 60_000;

export class Tools {
  /** What somebody looks for. */
  wanted = "";
  #given;
  #stations = element("div", { className: "stations", role: "group", "aria-label": say("board.stations") });
  #search = element("input", { type: "search", placeholder: say("board.find"), "aria-label": say("board.find_label"), autocomplete: "off" });
  #sides;
  #sheet;
  // Says on a phone which stations are chosen.
  #more = element("button", { type: "button", className: "tools-more" });
  #tabs;
  #shownAt = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} place @param {HTMLElement} tabs @param {Given} given */
  constructor(place, tabs, given) {
    this.#given = given;
    this.#search.addEventListener("input", () => this.#look());
    this.#sides = SIDES.map((name) => countButton(say(`board.${name}`), { side: name }, () => this.#toggleSide(name)));
    const helpWord = element("span", { className: "help-word" }, say("board.help"));
    const help = element("button", { type: "button", className: "help", "aria-label": say("board.help"), on: { click: given.help } }, helpWord);
    this.#sheet = element(
      "div",
      { className: "tools-sheet", popover: "auto", on: { click: () => this.#sheet.hidePopover?.() } },
      this.#stations,
      element("div", { className: "side-buttons" }, ...this.#sides, help),
    );
    Object.assign(this.#more, { popoverTargetElement: this.#sheet });
    // What has to be tapped to hear the board stands over the search, which nobody needs at that moment.
    place.prepend(element("div", { className: "find" }, this.#search, byId("ringing")), this.#more, this.#sheet);
    this.#tabs = ACTIVE.map((status) => countButton(say(`status.${status}`), { tab: status }, () => this.#reveal(status)));
    tabs.append(...this.#tabs);
  }

  get address() {
    return new URLSearchParams(location.search);
  }

  /** @param {Stations} stations @param {{done: number, columns: Record<string, number>}} counts */
  show(stations, { done, columns }) {
    this.#showStations(stations);
    const open = this.address.get("side");
    for (const button of this.#sides) {
      const { side = "" } = button.dataset;
      button.setAttribute("aria-pressed", String(side === open));
      byId(`side-${side}`).hidden = side !== open;
      if (side === "done") put(button, done);
    }
    for (const button of this.#tabs) {
      const { tab = "" } = button.dataset;
      button.setAttribute("aria-pressed", String(!open && tab === byId("columns").dataset.shown));
      put(button, columns[tab] ?? 0);
    }
    if (this.#shownAt !== location.search) {
      this.#shownAt = location.search;
      this.#stations.querySelector("[aria-pressed=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  find() {
    this.#search.focus();
    this.#search.select();
  }

  /** Look for nothing any more. */
  clear() {
    this.#search.value = "";
    this.#search.blur();
    this.#look();
  }

  /** A single station is no choice, unless an address makes it one. @param {Stations} stations */
  #showStations({ all, chosen, gone }) {
    const names = all.length < 2 && gone.length === 0 ? [] : [null, ...all, ...gone];
    const words = [...chosen, ...gone].map(nameOf).join(", ");
    this.#more.textContent = words;
    this.#more.ariaLabel = words ? `${say("board.tools")}: ${words}` : say("board.tools");
    showList(this.#stations, names, {
      key: (name) => (name === null ? "all" : `at ${name}`),
      mark: (name) => `${name === null ? chosen.length === 0 : chosen.includes(name)}/${name !== null && gone.includes(name)}`,
      make: (name) => {
        const isOn = name === null ? chosen.length === 0 : chosen.includes(name);
        const text = name === null ? say("board.everything") : nameOf(name);
        const isGone = name !== null && gone.includes(name);
        const given = { type: "button", dir: "auto", data: { focus: "station" }, "aria-pressed": String(isOn), on: { click: () => this.#go(toggled(this.address, name)) } };
        return element("button", given, isGone ? say("board.gone_station", { name: text }) : text);
      },
    });
  }

  #look() {
    clearTimeout(this.#timer);
    this.wanted = this.#search.value.trim();
    if (this.wanted) this.#timer = setTimeout(() => this.clear(), FORGOTTEN_MS);
    this.#given.changed();
  }

  /** @param {string} name */
  #toggleSide(name) {
    const address = this.address;
    if (address.get("side") === name) address.delete("side");
    else address.set("side", name);
    this.#go(address);
  }

  /** @param {string} status */
  #reveal(status) {
    byId("columns").dataset.shown = status;
    const address = this.address;
    address.delete("side");
    this.#go(address);
  }

  /** Kept in the address, so that a screen is set up once and stays so. @param {URLSearchParams} address */
  #go(address) {
    const search = String(address);
    history.replaceState(null, "", `${location.pathname}${search && `?${search}`}`);
    this.#given.changed();
  }
}

/** @param {string} station */
function nameOf(station) {
  return station === OTHER ? say("board.other") : station;
}

/** @param {string} text @param {Record<string, string>} data @param {() => void} click */
function countButton(text, data, click) {
  return element("button", { type: "button", data, on: { click } }, element("span", {}, text), element("span", { className: "count" }));
}

/** @param {HTMLElement} button @param {number} count */
function put(button, count) {
  const place = /** @type {HTMLElement} */ (button.querySelector(".count"));
  if (place.textContent !== String(count)) place.textContent = String(count);
}
