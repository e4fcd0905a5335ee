// @ts-check
/** A screen that stays on for as long as its page is looked at, where the browser can do that. */

/** Keep the screen on from now on. */
export function stayAwake() {
  if (!("wakeLock" in navigator)) return;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let isAsking = false;
  const take = async () => {
    if (document.visibilityState !== "visible" || isAsking || (lock && !lock.released)) return;
    isAsking = true;
    // Refused on a nearly empty battery; asked again when the page is next looked at or touched.
    lock = await navigator.wakeLock.request("screen").catch(() => null);
    isAsking = false;
  };
  // The browser lets go of it whenever the page is hidden.
  document.addEventListener("visibilitychange", take);
  addEventListener("pointerup", take);
  take();
}
