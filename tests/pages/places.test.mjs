// @ts-check
import { CODES, currencyOptions, likelyCurrency } from "/static/board/currencies.js";
import { isLoopback, suggestedOrigin } from "/static/board/reach.js";
import { equal, ok, test } from "./check.mjs";

test("a new shop's currency is that of the place where its owner is", () => {
  const places = [["Europe/Berlin", "en-GB"], ["America/New_York", "de-DE"], ["Asia/Tokyo", "en-US"], ["Europe/Zurich", "de"], ["Asia/Calcutta", "en"]];

  equal(places.map(([zone, locale]) => likelyCurrency(zone, locale)), ["EUR", "USD", "JPY", "CHF", "INR"]);
});

test("where the place is unknown the reader's country tells the currency", () => {
  equal([likelyCurrency("UTC", "sv-SE"), likelyCurrency("UTC", "pt-BR"), likelyCurrency("UTC", "eo")], ["SEK", "BRL", "EUR"]);
});

test("currencies are offered by their names, also one that few know", () => {
  const options = currencyOptions("CHE", "en");

  ok(options.some(({ label }) => label === "Euro (EUR)"));
  ok(options.find(({ value }) => value === "CHE")?.label.endsWith("(CHE)"));
  equal(options.length, CODES.length + 1);
});

test("an address that means the device itself is known as such", () => {
  const own = ["http://127.0.0.1:8000/", "http://localhost/x", "http://[::1]:8000", "http://127.1.2.3", "http://0.0.0.0:8000"];
  const others = ["http://192.168.1.20:8000", "https://orders.example", "https://localhost.example", "http://[fd00::1]", "https://127.example"];

  equal([...own, ...others].map(isLoopback), [...own.map(() => true), ...others.map(() => false)]);
});

test("the address to be set is the one at which the page was found, if that is of use", () => {
  equal(suggestedOrigin("http://127.0.0.1:8010", "http://192.168.7.7:8010"), "http://192.168.7.7:8010");
  equal(suggestedOrigin("http://127.0.0.1:8010", "http://127.0.0.1:8010"), "http://192.168.1.20:8010");
});
