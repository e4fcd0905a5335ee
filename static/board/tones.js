// @ts-check
/** The sounds of the pages as samples, made here so that no file has to be fetched while a network is away. Pure. */

/** @typedef {{hz: number, at: number, lasts: number}} Note when it begins and how long it rings, in seconds */
/** @typedef {{notes: Note[], seconds: number}} Tone `seconds`: its length, and after how long it comes again */
/** @typedef {"placed" | "cancelled" | "lost" | "called" | "check"} ToneName */

// Told apart by their shape, by ears that are busy: up, down, one low note again and again, a door bell.
/** @type {Readonly<Record<ToneName, Tone>>} */
export const TONES = Object.freeze({
  placed: { notes: notes([784, 988, 1319, 988, 1319], 0.16, 0.5), seconds: 3 },
  cancelled: { notes: notes([880, 659, 494, 880, 659, 494], 0.24, 0.6), seconds: 2.5 },
  lost: { notes: notes([330, 330, 330], 0.5, 0.42), seconds: 4 },
  called: { notes: notes([988, 784], 0.45, 1.4), seconds: 2.2 },
  check: { notes: notes([784, 1175], 0.14, 0.5), seconds: 0.8 },
});

// A bell: the note and its octave, the higher one softer and sooner gone. Loud, but never clipped.
const PARTS = [
  { times: 1, loud: 0.55, fades: 1 },
  { times: 2, loud: 0.2, fades: 2 },
  { times: 3, loud: 0.1, fades: 3 },
];
const RISE_S = 0.006;
const LOUDEST = 0.95;

/**
 * The samples of a tone, between -1 and 1.
 * @param {Tone} tone
 * @param {number} rate in samples a second
 */
export function samples({ notes, seconds }, rate) {
  const made = new Float32Array(Math.round(seconds * rate));
  for (const note of notes) add(made, note, rate);
  return made.map((value) => Math.max(-LOUDEST, Math.min(LOUDEST, value)));
}

/** @param {Float32Array} made @param {Note} note @param {number} rate */
function add(made, { hz, at, lasts }, rate) {
  const first = Math.round(at * rate);
  const last = Math.min(made.length, first + Math.round(lasts * rate));
  for (let index = first; index < last; index += 1) {
    const t = (index - first) / rate;
    // Without a rise and an end in silence, a loudspeaker clicks.
    const edge = Math.min(1, t / RISE_S, (lasts - t) / RISE_S);
    for (const { times, loud, fades } of PARTS) {
      made[index] += edge * loud * Math.exp((-4 * fades * t) / lasts) * Math.sin(2 * Math.PI * hz * times * t);
    }
  }
}

/** Notes one after another. @param {number[]} pitches in Hz @param {number} apart @param {number} lasts @returns {Note[]} */
function notes(pitches, apart, lasts) {
  return pitches.map((hz, index) => ({ hz, at: index * apart, lasts }));
}
