// @ts-check
import { Draft } from "/static/board/draft.js";
import { equal, random, test } from "./check.mjs";

const SERVER = { name: "Flat white", price: "3.50", note: "" };

test("only what was typed is a change", () => {
  const draft = new Draft(SERVER, (_, text) => text.replace(",", "."));

  equal(draft.changes({ ...SERVER, price: "3,50" }), {});
  equal(draft.changes({ ...SERVER, price: "3,80", note: "hot" }), { price: "3,80", note: "hot" });
});

test("what others change is taken where nothing was typed, and never over what was", () => {
  const draft = new Draft(SERVER);
  const typed = { ...SERVER, price: "3.60" };

  equal(draft.rebase({ name: "Big flat white", price: "3.80", note: "" }, typed), { taken: { name: "Big flat white" }, contested: { price: "3.80" } });
  equal(draft.changes({ ...typed, name: "Big flat white" }), { price: "3.60" });
});

test("two who type the same have no quarrel", () => {
  const draft = new Draft(SERVER);

  equal(draft.rebase({ ...SERVER, price: "3.80" }, { ...SERVER, price: "3.80" }), { taken: {}, contested: {} });
  equal(draft.changes({ ...SERVER, price: "3.80" }), {});
});

test("a form that follows others saves exactly what was typed in it", () => {
  const next = random(7);
  const names = Object.keys(SERVER);
  const value = () => String(Math.floor(next() * 3));
  for (let round = 0; round < 200; round += 1) {
    let server = Object.fromEntries(names.map((name) => [name, value()]));
    let form = { ...server };
    const draft = new Draft(server);
    for (let step = 0; step < 6; step += 1) {
      const name = names[Math.floor(next() * names.length)];
      if (next() < 0.5) {
        server = { ...server, [name]: value() };
        const { taken } = draft.rebase(server, form);
        form = { ...form, ...taken };
      } else form[name] = value();
    }
    // Saving makes the server what the form shows.
    equal({ ...server, ...draft.changes(form) }, form);
  }
});
