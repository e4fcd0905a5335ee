// @ts-check
/** The pickup screen: numbers being prepared and ready, for everyone to see. Nobody attends it. */

import { addressed, path, send } from "./api.js";
import { CalledNumbers, keyOf } from "./called.js";
import { byDay } from "./days.js";
import { followDeploys } from "./deploy.js";
import { byId } from "./element.js";
import { timeOfDay } from "./format.js";
import { hideWhenIdle } from "./idle.js";
import { inTheEnd, later } from "./later.js";
import { Live } from "./live.js";
import { entitle } from "./masthead.js";
import { Readiness } from "./readiness.js";
import { screenTools, stayAwake } from "./screen-tools.js";
import { Sound } from "./sound.js";
import { activeOrders } from "./store.js";
import { say } from "./words.js";

/** @typedef {import("./store.js").Called} Called */

const main = byId("main");
const shop = path`/v1/shops/${addressed()}`;
// A shop that is not there may be again: its database is being restored, or its screen was hung up too early.
const STOPPED_AGAIN_MS = 60_000;
const gate = later(() => import("./gate.js"));
const sound = new Sound("pickup", false);
const readiness = new Readiness();
// Everybody has had the most time to see what was ready first; who ordered last has the longest to wait.
const halves = {
  preparing: new CalledNumbers("preparing", (orders) => [...orders].reverse()),
  ready: new CalledNumbers("ready", (orders) => readiness.oldestFirst(orders, keyOf)),
};
const reached = followDeploys();
/** @type {string | undefined} */
let timeZone;

const live = new Live({
  path: path`/ws/shops/${addressed()}/pickup`,
  light: byId("light"),
  main,
  show,
  stopped,
  heard: (frame) => ["snapshot", "resumed"].includes(frame.type) && connected(),
  staleAdvice: "light.advice.pickup",
});

function show() {
  if (live.feed.phase === "stopped" || !live.hasBegun) return;
  if (live.state.shop) entitle(live.state.shop.name, say("pickup.title", { shop: live.state.shop.name }));
  const orders = /** @type {Called[]} */ (activeOrders(live.state));
  const isNews = readiness.see(orders.filter(isReady).map(keyOf), Date.now());
  const { today, earlier } = byDay(orders, live.serverNow(), timeZone);
  for (const [status, half] of Object.entries(halves)) {
    const has = (/** @type {Called} */ order) => order.status === status;
    const before = earlier.map(({ day, numbers }) => ({ day, numbers: numbers.filter(has) }));
    half.show(today.filter(has), before.filter(({ numbers }) => numbers.length > 0));
  }
  showNews();
  if (isNews) sound.play("called");
}

/** @param {Called} order */
function isReady({ status }) {
  return status === "ready";
}

function showNews() {
  halves.ready.highlight(readiness.news(Date.now()));
}

function connected() {
  reached();
  if (timeZone === undefined) learnTimeZone().catch(() => {});
}

/** The screen shows the shop's time, wherever its device believes to be. */
async function learnTimeZone() {
  const { time_zone } = await send("GET", shop);
  // A browser that does not know it shows its own time.
  timeOfDay(new Date().toISOString(), undefined, time_zone);
  timeZone = time_zone;
  showClock();
}

function showClock() {
  const now = timeOfDay(new Date(live.serverNow()).toISOString(), undefined, timeZone);
  if (byId("clock").textContent !== now) byId("clock").textContent = now;
}

/** @param {string} reason */
async function stopped(reason) {
  setInterval(async () => {
    if (await send("GET", shop).catch(() => null)) location.reload();
  }, STOPPED_AGAIN_MS);
  if (reason === "unknown") (await inTheEnd(gate)).noSuchShop(main);
}

screenTools(byId("screen-tools"), sound);
hideWhenIdle();
stayAwake();
setInterval(() => (showClock(), showNews()), 1000);
// A day ends even where nothing happens.
setInterval(show, 60_000);
showClock();
live.start();
