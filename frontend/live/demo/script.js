// What happens in the simulated class: who shows what when, and who is away. The same in every run.

/** The whole play, in seconds; then it begins anew. */
const LENGTH_S = 180;
const FADE_S = 0.7;
/** Everyone shows mostly these, in turn, for some seconds each. */
const EVERYDAY = ['happy', 'neutral', 'happy', 'neutral', 'surprise', 'neutral', 'happy', 'sad', 'fear'];
/** [seat, from, to, expression]: what the page should find without being told. */
const SPELLS = [
  [7, 6, 150, 'sad'],
  [16, 12, 110, 'angry'],
  [3, 70, 84, 'surprise'], [8, 71, 84, 'surprise'], [12, 70, 83, 'surprise'], [13, 72, 85, 'surprise'], [21, 71, 82, 'surprise'],
];
/** [seat, from, to]: who is away. */
const AWAY = [[19, 10, 95], [4, 60, 130], [22, 120, 160]];
const LEAVING_S = 1.2;

/** A number from 0 to 1 that is always the same for this seat and this `nth` question. */
export function chance(seat, nth) {
  let x = Math.imul(seat + 1, 0x9e3779b1) ^ Math.imul(nth + 1, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d);
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}

/** {from, to, part}: what a seat shows at a time, and how far it has changed into the next. */
export function moodAt(seat, seconds) {
  const t = seconds % LENGTH_S;
  const now = showing(seat, t);
  const next = showing(seat, t + FADE_S);
  if (now.word === next.word) return { from: now.word, to: now.word, part: 0 };
  return { from: now.word, to: next.word, part: Math.min(1, Math.max(0, 1 - (now.until - t) / FADE_S)) };
}

/** How far in the picture a seat's person is (0 to 1). */
export function presenceAt(seat, seconds) {
  const t = seconds % LENGTH_S;
  const gone = AWAY.filter(([who]) => who === seat).map(([, from, to]) => Math.min((t - from) / LEAVING_S, (to - t) / LEAVING_S));
  return 1 - Math.min(1, Math.max(0, ...gone));
}

function showing(seat, t) {
  const spell = SPELLS.find(([who, from, to]) => who === seat && t >= from && t < to);
  if (spell) return { word: spell[3], until: spell[2] };
  const each = 7 + 6 * chance(seat, 30);
  const turn = Math.floor(t / each);
  const word = EVERYDAY[Math.floor(chance(seat, 40 + turn) * EVERYDAY.length)];
  const begins = SPELLS.find(([who, from]) => who === seat && from > t && from < (turn + 1) * each)?.[1];
  return { word, until: begins ?? (turn + 1) * each };
}
