// @ts-check
/** Elapsed time that a sleeping phone or a clock set back cannot hide. Pure, given two clocks. */

/**
 * A clock in milliseconds that goes on by whichever of the two clocks went further. The steady one stands still on
 * some devices while they sleep, the wall clock can be set back; taken alone, either makes old news look fresh.
 * @param {() => number} [wall]
 * @param {() => number} [steady]
 * @returns {() => number}
 */
export function elapsedClock(wall = Date.now, steady = () => performance.now()) {
  let [wallBefore, steadyBefore, total] = [wall(), steady(), 0];
  return () => {
    const [wallNow, steadyNow] = [wall(), steady()];
    total += Math.max(wallNow - wallBefore, steadyNow - steadyBefore, 0);
    [wallBefore, steadyBefore] = [wallNow, steadyNow];
    return total;
  };
}
