// @ts-check
/** The parts of the managing page, one shown at a time; which one stands in the address, so that Back works. */

import { byId } from "./element.js";

/**
 * Show the part that the address names, now and whenever it names another.
 * @param {(name: string) => void} [shown]
 */
export function showParts(shown = () => {}) {
  const links = /** @type {HTMLAnchorElement[]} */ ([...byId("parts").querySelectorAll("a:not([hidden])")]);
  const names = links.map((link) => link.hash.slice(1));
  const show = () => {
    const wanted = location.hash.slice(1);
    const chosen = names.includes(wanted) ? wanted : names[0];
    for (const link of links) {
      const isChosen = link.hash === `#${chosen}`;
      byId(`part-${link.hash.slice(1)}`).hidden = !isChosen;
      if (isChosen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    shown(chosen);
  };
  addEventListener("hashchange", show);
  show();
}
