// @ts-check
/** My account: what I am called, and how to have all of it erased. */

import { Api } from "./api.js";
import { byId, element, tell } from "./element.js";
import { field, onSubmit } from "./form.js";
import { device } from "./kept.js";
import { inTheEnd, later } from "./later.js";
import { entitle, masthead } from "./masthead.js";
import { Session } from "./session.js";
import { say } from "./words.js";

const GOES = ["name", "orders", "mails", "signed_in"];
const STAYS = ["figures", "own_words"];

const session = new Session();
const api = new Api(session);
const main = byId("main");
const gate = later(() => import("./gate.js"));

/** @param {import("./session.js").User} user */
function show(user) {
  byId("email").textContent = say("me.email", { email: user.email });
  fillName(user);
  byId("goes").append(...GOES.map((key) => element("li", {}, say(`me.goes.${key}`, { email: user.email }))));
  byId("stays").append(...STAYS.map((key) => element("li", {}, say(`me.stays.${key}`))));
  fillErase();
  byId("ask").addEventListener("click", () => turn(true));
}

/** @param {import("./session.js").User} user */
function fillName(user) {
  const form = byId("name");
  const saved = element("p", { className: "saved", role: "status" });
  const name = { label: say("account.name"), hint: say("me.name_hint"), autocomplete: "name", required: true, maxLength: 80 };
  const submit = element("button", { type: "submit", className: "primary" }, say("me.save"));
  form.append(field("name", { ...name, value: user.name }), element("div", { className: "buttons" }, submit, saved));
  form.addEventListener("input", () => tell(saved, ""));
  onSubmit(form, async (values) => {
    session.rename(await api.call("PATCH", "/v1/me", { body: { name: values.name } }));
    tell(saved, say("me.saved"));
  });
}

function fillErase() {
  const form = byId("erase");
  form.append(
    field("password", { label: say("me.password"), type: "password", autocomplete: "current-password", required: true, maxLength: 128 }),
    element("p", { className: "paused" }, say("me.for_good")),
    element(
      "div",
      { className: "buttons" },
      element("button", { type: "button", className: "quiet", data: { act: "keep" }, on: { click: () => turn(false) } }, say("me.keep")),
      element("button", { type: "submit", className: "primary danger" }, say("me.confirm")),
    ),
  );
  onSubmit(form, async ({ password }) => {
    await api.call("DELETE", "/v1/me", { body: { password } });
    // Baskets that this device keeps have names and notes in them; and nobody comes back here by the Back button.
    device.clear();
    location.replace("/#erased");
  });
}

/** Open or close the second step. @param {boolean} isOpen */
function turn(isOpen) {
  byId("sure").hidden = !isOpen;
  byId("first-step").hidden = isOpen;
  byId("erase").reset();
  if (isOpen) byId("erase-title").scrollIntoView();
  (isOpen ? byId("erase").elements.namedItem("password") : byId("ask")).focus({ preventScroll: isOpen });
}

async function begin() {
  entitle(say("me.title"));
  const showWho = masthead(session);
  const user = await session.start();
  showWho();
  session.addEventListener("change", () => location.reload());
  if (user) show(user);
  else (await inTheEnd(gate)).askInPage(main, session, say("account.to_see_account"));
  main.hidden = false;
}

begin();
