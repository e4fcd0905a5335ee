// @ts-check
/** What the keys of the counter board do and which languages there are, for who asks. */

import { ask } from "./dialog.js";
import { button, byId, element } from "./element.js";
import { say } from "./words.js";

const HELP = ["number", "enter", "arrows", "undo", "find", "clear", "help"];
// From the foot of the page, where each line belongs to orders.
const languages = byId("languages");

/** Show what the keys do, and which languages there are. */
export function showKeys() {
  return ask((close) => [
    element("h2", {}, say("keys.title")),
    element(
      "dl",
      { className: "keys" },
      ...HELP.flatMap((name) => [element("dt", {}, element("kbd", {}, say(`keys.${name}.key`))), element("dd", {}, say(`keys.${name}`))]),
    ),
    element("h2", {}, say("language.choose")),
    languages,
    button(say("board.leave"), () => close(""), "primary"),
  ]);
}
