// @ts-check
/** What of the server's settings a page has to know. The server puts its own values in the place of these usual ones. */

/** The build of these pages: another one once any of their files is another. */
export const BUILD = "";

/** For how long the last move of an order can be taken back (RECALL_MINUTES). */
export const RECALL_MS = 60_000 * 30;
