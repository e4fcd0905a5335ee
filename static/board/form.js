// @ts-check
/** Forms: labelled fields, one submission at a time, refusals in words below. */

import { element, tell } from "./element.js";
import { refusal, say } from "./words.js";

/**
 * A field with its label; `hint` stands below it.
 * @param {string} name its name in the form, and the key of its label unless `label` is given
 * @param {Record<string, any>} [given] properties of the input; `as` is `input` or `textarea`
 */
export function field(name, { label = say(`field.${name}`), hint = "", as = "input", ...given } = {}) {
  const input = element(/** @type {"input"} */ (as), { name, data: { focus: name }, ...given });
  return element("label", { className: "field" }, element("span", {}, label), input, hint && hintOf(hint));
}

/**
 * A field that takes one of several values.
 * @param {string} name
 * @param {{value: string, label: string}[]} options
 * @param {Record<string, any>} [given] properties of the select, its `value` among them
 */
export function selection(name, options, { value = "", ...given } = {}) {
  const shown = options.map((option) => element("option", { value: option.value, defaultSelected: option.value === value }, option.label));
  const select = element("select", { name, data: { focus: name }, ...given }, ...shown);
  return element("label", { className: "field" }, element("span", {}, say(`field.${name}`)), select);
}

/**
 * A field that is on or off; its value is then `yes` or not there.
 * @param {string} name
 * @param {string} hint
 * @param {boolean} isOn
 */
export function toggle(name, hint, isOn) {
  const input = element("input", { type: "checkbox", name, value: "yes", defaultChecked: isOn, data: { focus: name } });
  const words = element("span", {}, element("strong", {}, say(`field.${name}`)), element("small", { className: "hint" }, hint));
  return element("label", { className: "option" }, input, words);
}

/**
 * A choice of one among several, as radio buttons.
 * @param {string} name
 * @param {string} legend
 * @param {{value: string, label: string}[]} options the first one is chosen
 */
export function choice(name, legend, options) {
  const radios = options.map(({ value, label }, index) => {
    const input = element("input", { type: "radio", name, value, defaultChecked: index === 0 });
    return element("label", { className: "option" }, input, element("span", {}, label));
  });
  return element("fieldset", { className: "choice" }, element("legend", {}, legend), ...radios);
}

/**
 * Where a form says what was wrong.
 */
export function complaint() {
  return element("p", { className: "complaint", role: "alert", hidden: true });
}

/**
 * Run `act` with the trimmed values when the form is submitted, never twice at once, and say below why it failed.
 * @param {HTMLFormElement} form
 * @param {(values: Record<string, string>) => Promise<void>} act
 */
export function onSubmit(form, act) {
  const why = complaint();
  form.append(why);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    tell(why, "");
    try {
      await act(valuesOf(form));
    } catch (problem) {
      tell(why, refusal(problem));
      mark(form, problem);
    } finally {
      form.ariaBusy = null;
    }
  });
  form.addEventListener("input", (event) => /** @type {Element} */ (event.target).removeAttribute("aria-invalid"));
}

/**
 * What was typed, by name; passwords as they are.
 * @param {HTMLFormElement} form
 * @returns {Record<string, string>}
 */
export function valuesOf(form) {
  return Object.fromEntries(
    [...new FormData(form)].map(([name, value]) => [name, name === "password" ? String(value) : String(value).trim()]),
  );
}

/** @param {string} text */
function hintOf(text) {
  return element("small", { className: "hint" }, text);
}

/** @param {HTMLFormElement} form @param {any} problem */
function mark(form, problem) {
  for (const { pointer } of problem.content?.errors ?? []) {
    const input = form.elements.namedItem(pointer.split("/").at(-1) ?? "");
    if (input instanceof HTMLElement) input.setAttribute("aria-invalid", "true");
  }
  const first = form.querySelector("[aria-invalid=true]");
  if (first instanceof HTMLElement) first.focus();
}
