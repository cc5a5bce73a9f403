// Seconds gathered into as many columns as a plot can show.

import { sharesOf } from './timeline.js';

const MAX_BINS = 300;
/** Steps that divide minutes and hours, so that columns stay where they are while time goes on. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** {from, to, step, bins: [{t, frames, faces, shares, seats: Map number -> word}]}; times in seconds since the epoch. */
export function gather(seconds, from, to) {
  const step = STEPS.find((one) => (to - from) / one <= MAX_BINS) ?? STEPS.at(-1);
  const start = Math.floor(from / step) * step;
  const bins = [];
  for (const second of seconds) {
    if (second.t < start || second.t >= to) continue;
    const t = Math.floor(second.t / step) * step;
    let bin = bins.at(-1);
    if (bin?.t !== t) {
      bin = { t, seconds: 0, frames: 0, faces: 0, shares: null, shared: 0, counts: new Map() };
      bins.push(bin);
    }
    bin.seconds += 1;
    bin.frames += second.frames;
    bin.faces += (second.faces - bin.faces) / bin.seconds;
    addShares(bin, sharesOf(second));
    for (const [row, { label }] of second.seats) {
      const counts = bin.counts.get(row) ?? {};
      counts[label] = (counts[label] ?? 0) + 1;
      bin.counts.set(row, counts);
    }
  }
  for (const bin of bins) {
    bin.seats = new Map([...bin.counts].map(([row, counts]) => [row, mostOf(counts)]));
    delete bin.counts;
  }
  return { from: start, to, step, bins };
}

function addShares(bin, shares) {
  if (!shares) return;
  bin.shared += 1;
  bin.shares ??= {};
  for (const name of new Set([...Object.keys(bin.shares), ...Object.keys(shares)])) {
    const old = bin.shares[name] ?? 0;
    bin.shares[name] = old + ((shares[name] ?? 0) - old) / bin.shared;
  }
}

/** The key with the largest value. */
export const mostOf = (counts) =>
  Object.entries(counts).reduce((best, entry) => (best === null || entry[1] > best[1] ? entry : best), null)?.[0] ?? null;
