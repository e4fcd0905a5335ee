// @ts-check
/** What a page may truthfully say about how fresh it is, from the beats of its socket. Pure: times are handed in. */

// What every beat tells, until the first one has come.
const USUAL_BEAT_MS = 10_000;
// A beat is missed when it is this much later than due: a slow network is no reason for alarm.
const GRACE_MS = 2_000;

/** @typedef {"live" | "late" | "stale"} Level */
/** @typedef {{level: Level, checkedMs: number | null}} Verdict `checkedMs`: since the last proof, null without one */

export class Freshness {
  /** @type {number | null} when it was last known that nothing was missing */
  #provedAt = null;
  /** @type {number} */
  #askedAt;
  #position = 0;
  /** @type {{head: number, at: number}[]} beats of this socket that are not proved yet, oldest first */
  #beats = [];
  /** @type {number | null} */
  #previousHead = null;
  /** @type {number} */
  #heardAt;
  #beaten = false;
  #beatMs = USUAL_BEAT_MS;

  /** @param {number} now */
  constructor(now) {
    this.#askedAt = this.#heardAt = now;
  }

  /**
   * A new socket is being opened; what the old one promised is void.
   * @param {number} now
   */
  opening(now) {
    this.#heardAt = now;
    this.#beats = [];
    this.#previousHead = null;
    this.#beaten = false;
  }

  /**
   * Take note of a frame that has been applied.
   * @param {{type: string, seq?: number, head?: number, every_s?: number}} frame
   * @param {number} now
   * @returns {boolean} whether the socket keeps its promise; if not, open another one
   */
  heard(frame, now) {
    // Once beats have begun they alone are the sign of life; before, a long snapshot or resume may take its time.
    if (frame.type === "beat" || !this.#beaten) this.#heardAt = now;
    if (typeof frame.seq === "number") {
      const starts = frame.type === "snapshot" || frame.type === "resumed";
      this.#position = starts ? frame.seq : Math.max(this.#position, frame.seq);
    }
    const kept = frame.type !== "beat" || this.#beat(frame, now);
    this.#prove();
    return kept;
  }

  /**
   * @param {number} now
   * @returns {boolean} two beats are missing, or nothing at all came within that time
   */
  isStarved(now) {
    return now - this.#heardAt > 2 * this.#beatMs + GRACE_MS;
  }

  /**
   * @param {number} now
   * @param {boolean} isOpen whether the socket is believed to be open
   * @returns {Verdict}
   */
  verdict(now, isOpen) {
    const checkedMs = this.#provedAt === null ? null : now - this.#provedAt;
    const age = checkedMs ?? now - this.#askedAt;
    if (age > 2 * this.#beatMs + GRACE_MS) return { level: "stale", checkedMs };
    const isLate = checkedMs === null || age > this.#beatMs + GRACE_MS || !isOpen || !this.#beaten;
    return { level: isLate ? "late" : "live", checkedMs };
  }

  /**
   * @param {{seq?: number, head?: number, every_s?: number}} beat
   * @param {number} now
   */
  #beat({ seq = 0, head = seq, every_s: everyS }, now) {
    if (everyS) this.#beatMs = everyS * 1000;
    const kept = this.#previousHead === null || seq >= this.#previousHead;
    this.#previousHead = head;
    this.#beaten = true;
    this.#beats.push({ head, at: now });
    return kept;
  }

  /** A beat proves its own moment once the page has been told everything up to its head. */
  #prove() {
    while (this.#beats.length > 0 && this.#beats[0].head <= this.#position) {
      this.#provedAt = /** @type {{at: number}} */ (this.#beats.shift()).at;
    }
  }
}

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
