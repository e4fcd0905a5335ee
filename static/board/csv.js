// @ts-check
/** Tables as files for spreadsheet programs (RFC 4180). Pure. */

// Without it some programs take UTF-8 for something older.
const BYTE_ORDER_MARK = "\ufeff";
// What begins like this is worked out as a formula, whoever typed it; the signs as wide letters are taken for the same.
const FORMULA = /^[=+\-@\t\r＝＋－＠]/;

/**
 * The file: the heads of the columns, then the rows.
 * @param {string[]} heads
 * @param {string[][]} rows
 */
export function csv(heads, rows) {
  return BYTE_ORDER_MARK + [heads, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/** @param {string} text */
function cell(text) {
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
