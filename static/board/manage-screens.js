// @ts-check
/** The addresses of a shop's screens: to open, to copy, to scan. */

import { path } from "./api.js";
import { button, byId, element } from "./element.js";
import { tellLoopback } from "./loopback.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Shop} Shop */
/** @typedef {{screen: string, url: string, qr: string}} Screen */
/** @typedef {{api: import("./api.js").Api, toast: import("./toast.js").Toast}} Given */

export class ScreensPanel {
  #given;
  /** @type {string | null} the slug for which they are shown */
  #slug = null;

  /** @param {Given} given */
  constructor(given) {
    this.#given = given;
  }

  /** @param {Shop} shop */
  async show(shop) {
    if (this.#slug === shop.slug) return;
    this.#slug = shop.slug;
    try {
      const { data } = await this.#given.api.get(path`/v1/shops/${shop.id}/screens`);
      byId("screens").replaceChildren(...data.map((/** @type {Screen} */ screen) => this.#card(screen, shop.slug)));
      tellLoopback(byId("loopback"), data[0].url);
    } catch (problem) {
      this.#slug = null;
      this.#given.toast.refuse(problem);
    }
  }

  /** @param {Screen} screen @param {string} slug */
  #card({ screen, url, qr }, slug) {
    const name = say(`link.${screen}`);
    const address = element("input", { readOnly: true, value: url, "aria-label": say("screens.address_of", { name }), dir: "ltr" });
    address.addEventListener("focus", () => address.select());
    const label = { "aria-label": say("screens.code_of", { name }), alt: say("screens.code_of", { name }) };
    return element(
      "li",
      { className: "screen", data: { screen } },
      element("img", { src: qr, className: "code", width: 240, height: 240, ...label }),
      element(
        "div",
        { className: "screen-words" },
        element("h3", {}, name),
        element("p", { className: "hint" }, say(`screens.${screen}`)),
        address,
        element(
          "div",
          { className: "buttons" },
          element("a", { className: "button", href: url, target: "_blank", "aria-label": say("screens.open_name", { name }) }, say("screens.open")),
          button(say("screens.copy"), () => this.#copy(address)),
          screen === "menu" && element("a", { className: "button", href: path`/shops/${slug}/poster` }, say("screens.print")),
        ),
      ),
    );
  }

  /** The clipboard is only for pages over TLS or on this machine; elsewhere the old way still works.
   * @param {HTMLInputElement} address */
  async #copy(address) {
    address.select();
    const isCopied = await navigator.clipboard?.writeText(address.value).then(() => true, () => false);
    this.#given.toast.say(say(isCopied || document.execCommand("copy") ? "screens.copied" : "screens.copy_by_hand"));
  }
}
