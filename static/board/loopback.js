// @ts-check
/** What an owner is told while the addresses of this server are of no use to a phone. */

import { element } from "./element.js";
import { isLoopback, portOption, suggestedOrigin } from "./reach.js";
import { say } from "./words.js";

/**
 * Say what is wrong with an address that leads to this device only, and how to mend it; hide if nothing is wrong.
 * @param {HTMLElement} where
 * @param {string} url
 */
export function tellLoopback(where, url) {
  where.hidden = !isLoopback(url);
  if (where.hidden) return;
  const origin = suggestedOrigin(url, location.origin);
  const command = say("screens.loopback_command", { origin, port: portOption(origin) });
  where.replaceChildren(say("screens.loopback", { host: new URL(url).host }), element("code", { dir: "ltr" }, ...command.split(" ").flatMap((part) => [element("span", {}, part), " "])));
}
