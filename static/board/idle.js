// @ts-check
/** A screen on a wall shows neither buttons nor a pointer, until somebody comes to it. */

const IDLE_MS = 10_000;

/** Say on the page whether nobody has touched it lately. */
export function hideWhenIdle() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const busy = () => {
    delete document.body.dataset.idle;
    clearTimeout(timer);
    timer = setTimeout(() => (document.body.dataset.idle = ""), IDLE_MS);
  };
  for (const sign of ["pointermove", "pointerdown", "keydown"]) addEventListener(sign, busy);
  busy();
}
