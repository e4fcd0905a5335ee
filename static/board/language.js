// @ts-check
/** The language of this page, and how its reader writes numbers and dates. */

/** The server has chosen it, from what this device was set to or its browser asks for. */
export const language = document.documentElement.lang || "en";

/** With the habits of the reader's country, where the browser names one for this language: `en-GB`, `de-CH`. */
export const locale = navigator.languages.find((known) => known.split("-")[0] === language.split("-")[0]) ?? language;

// What the server reads; see languages.py.
const COOKIE = "language";
const A_YEAR_S = 31_536_000;

/** Let the switch at the foot of the page change the language of all pages on this device. */
export function followChoice() {
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => choose(/** @type {HTMLElement} */ (button).dataset.language ?? ""));
  }
}

/** @param {string} chosen */
function choose(chosen) {
  if (chosen === language) return;
  document.cookie = `${COOKIE}=${chosen}; path=/; max-age=${A_YEAR_S}; samesite=lax`;
  location.reload();
}
