// @ts-check
/** A sheet of paper for the counter: the shop's name, one sentence, and its menu to be scanned. */

import { addressed, path, send } from "./api.js";
import { pause } from "./backoff.js";
import { byId, tell } from "./element.js";
import { inTheEnd, later } from "./later.js";
import { tellLoopback } from "./loopback.js";
import { refusal, say } from "./words.js";

// Names up to so many characters get large and very large letters.
const SHORT = 16;
const MEDIUM = 36;
const gate = later(() => import("./gate.js"));

/** The shop and the address of its menu, however often it takes to get an answer; null where there is none. */
async function load() {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const shop = await send("GET", path`/v1/shops/${addressed()}`);
      const { data } = await send("GET", path`/v1/shops/${shop.id}/screens`);
      return { shop, menu: data.find((/** @type {any} */ screen) => screen.screen === "menu") };
    } catch (/** @type {any} */ problem) {
      if (!problem.isOpen) return null;
      tell(byId("problem"), refusal(problem));
      await pause(attempt);
    }
  }
}

async function begin() {
  const found = await load();
  tell(byId("problem"), "");
  if (!found) return (await inTheEnd(gate)).noSuchShop(byId("main"));
  const { shop, menu } = found;
  document.title = `${say("poster.title", { shop: shop.name })} · orderflow`;
  byId("back").href = path`/shops/${shop.slug}/manage`;
  byId("name").textContent = shop.name;
  byId("name").dataset.length = shop.name.length <= SHORT ? "short" : shop.name.length <= MEDIUM ? "medium" : "long";
  byId("code").alt = say("screens.code_of", { name: say("link.menu") });
  byId("sentence").textContent = say("poster.sentence");
  byId("address").textContent = menu.url.replace(/^https?:\/\//, "");
  tellLoopback(byId("loopback"), menu.url);
  byId("code").addEventListener("load", () => (byId("print").hidden = false));
  byId("code").src = menu.qr;
  byId("print").addEventListener("click", () => print());
  byId("sheet").hidden = false;
}

begin();
