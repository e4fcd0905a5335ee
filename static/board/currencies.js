// @ts-check
/** The currencies that shops price in, and which of them is meant where. Pure, given a time zone and a locale. */

import { locale as own } from "./words.js";

// ISO 4217 → ISO 3166: where each is legal tender.
/** @type {ReadonlyMap<string, string[]>} */
const REGIONS = new Map(
  [
    "AED AE", "AFN AF", "ALL AL", "AMD AM", "AOA AO", "ARS AR", "AUD AU CC CX HM KI NF NR TV", "AWG AW", "AZN AZ",
    "BAM BA", "BBD BB", "BDT BD", "BHD BH", "BIF BI", "BMD BM", "BND BN", "BOB BO", "BRL BR", "BSD BS", "BTN BT",
    "BWP BW", "BYN BY", "BZD BZ", "CAD CA", "CDF CD", "CHF CH LI", "CLP CL", "CNY CN", "COP CO", "CRC CR", "CUP CU",
    "CVE CV", "CZK CZ", "DJF DJ", "DKK DK FO GL", "DOP DO", "DZD DZ", "EGP EG", "ERN ER", "ETB ET",
    "EUR DE AD AT AX BE BG BL CY EE ES FI FR GF GP GR HR IE IT LT LU LV MC ME MF MQ MT NL PM PT RE SI SK SM TF VA XK YT",
    "FJD FJ", "FKP FK", "GBP GB GG IM JE", "GEL GE", "GHS GH", "GIP GI", "GMD GM", "GNF GN", "GTQ GT", "GYD GY",
    "HKD HK", "HNL HN", "HTG HT", "HUF HU", "IDR ID", "ILS IL PS", "INR IN", "IQD IQ", "IRR IR", "ISK IS", "JMD JM",
    "JOD JO", "JPY JP", "KES KE", "KGS KG", "KHR KH", "KMF KM", "KPW KP", "KRW KR", "KWD KW", "KYD KY", "KZT KZ",
    "LAK LA", "LBP LB", "LKR LK", "LRD LR", "LSL LS", "LYD LY", "MAD MA EH", "MDL MD", "MGA MG", "MKD MK", "MMK MM",
    "MNT MN", "MOP MO", "MRU MR", "MUR MU", "MVR MV", "MWK MW", "MXN MX", "MYR MY", "MZN MZ", "NAD NA", "NGN NG",
    "NIO NI", "NOK NO SJ", "NPR NP", "NZD NZ CK NU PN TK", "OMR OM", "PAB PA", "PEN PE", "PGK PG", "PHP PH", "PKR PK",
    "PLN PL", "PYG PY", "QAR QA", "RON RO", "RSD RS", "RUB RU", "RWF RW", "SAR SA", "SBD SB", "SCR SC", "SDG SD",
    "SEK SE", "SGD SG", "SHP SH", "SLE SL", "SOS SO", "SRD SR", "SSP SS", "STN ST", "SVC SV", "SYP SY", "SZL SZ",
    "THB TH", "TJS TJ", "TMT TM", "TND TN", "TOP TO", "TRY TR", "TTD TT", "TWD TW", "TZS TZ", "UAH UA", "UGX UG",
    "USD US AS BQ EC FM GU IO MH MP PR PW TC TL UM VG VI", "UYU UY", "UZS UZ", "VES VE", "VND VN", "VUV VU", "WST WS",
    "XAF CF CG CM GA GQ TD", "XCD AG AI DM GD KN LC MS VC", "XCG CW SX", "XOF BF BJ CI GW ML NE SN TG", "XPF NC PF WF",
    "YER YE", "ZAR ZA", "ZMW ZM", "ZWG ZW",
  ].map((line) => {
    const [code, ...regions] = line.split(" ");
    return [code, regions];
  }),
);

/** All their codes, by the alphabet. */
export const CODES = Object.freeze([...REGIONS.keys()]);

/**
 * The currency of the place with this time zone, or else of the country of this locale.
 * @param {string} timeZone
 * @param {string} locale
 */
export function likelyCurrency(timeZone, locale) {
  const isThere = (/** @type {string} */ region) => zonesOf(region).includes(timeZone);
  return where(isThere) ?? where((region) => region === new Intl.Locale(locale).maximize().region) ?? "EUR";
}

/**
 * The choices for a field, in the reader's words: `Euro (EUR)`; the present one is among them whatever it is.
 * @param {string} [present]
 * @param {string} [locale]
 */
export function currencyOptions(present, locale = own) {
  const names = new Intl.DisplayNames(locale, { type: "currency" });
  const codes = present && !REGIONS.has(present) ? [...CODES, present] : CODES;
  const options = codes.map((value) => ({ value, label: `${names.of(value) ?? value} (${value})` }));
  return options.sort((a, b) => a.label.localeCompare(b.label, locale));
}

/** @param {(region: string) => boolean} isMeant */
function where(isMeant) {
  return [...REGIONS].find(([, regions]) => regions.some(isMeant))?.[0];
}

/** @param {string} region @returns {string[]} */
function zonesOf(region) {
  const locale = /** @type {any} */ (new Intl.Locale("und", { region }));
  return locale.getTimeZones?.() ?? locale.timeZones ?? [];
}
