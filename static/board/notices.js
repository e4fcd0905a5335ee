// @ts-check
/** A service worker for notifications where a page may not show them itself. It fetches nothing, so no page is ever old. */

const worker = /** @type {any} */ (globalThis);

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data));
});

/** @param {string} path of the page that notified */
async function show(path) {
  /** @type {any[]} */
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const open = pages.find(({ url }) => new URL(url).pathname === path);
  await (open ? open.focus() : worker.clients.openWindow(path));
}
