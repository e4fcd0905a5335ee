// @ts-check
/** A page that nobody attends and that is loaded anew once the server has another build of it. */

import { tab } from "./kept.js";
import { BUILD } from "./settings.js";

const SETTINGS = "/static/board/settings.js";
// All screens come back at once after a deploy; they ask one after the other.
const SPREAD_MS = 10_000;
// Where the one that answered has not been replaced yet, and another one has.
const REGULAR_MS = 15 * 60_000;
// While two builds answer in turns, each load may find the other one: at most one load in this time.
const APART_MS = 10 * 60_000;
const KEY = "orderflow.deploy.reloaded_at";

/**
 * Watch for another build. Call what is returned whenever the server has been reached anew.
 * @param {() => number} [random]
 */
export function followDeploys(random = Math.random) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const look = async () => {
    plan(REGULAR_MS);
    const told = await buildOfServer().catch(() => null);
    if (told === null || BUILD === "" || told === BUILD || !mayReload()) return;
    // Without a network this would leave the browser's own error page on the wall, from which nothing leads back.
    const page = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (!page?.ok) return;
    noteReload();
    // Where nothing is kept, a page that is new may be one that was loaded so.
    if (!tab.isForgetful || performance.now() > APART_MS) location.reload();
  };
  const plan = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  };
  plan(REGULAR_MS);
  return () => plan(random() * SPREAD_MS);
}

async function buildOfServer() {
  const answer = await fetch(SETTINGS, { cache: "no-store" });
  return answer.ok ? (/BUILD = "(\w+)"/.exec(await answer.text())?.[1] ?? null) : null;
}

function mayReload() {
  // Apart in either direction: clocks are set back.
  return Math.abs(Date.now() - Number(tab.getItem(KEY) ?? 0)) > APART_MS;
}

function noteReload() {
  tab.setItem(KEY, String(Date.now()));
}
