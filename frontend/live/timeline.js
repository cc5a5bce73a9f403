// The lesson second by second: what was answered, added up as it comes. Everything shown and taken away is read off this.

/** One second: means over its answers. Merging a stored half with a live half gives the whole. */
export class Second {
  frames = 0;
  faces = 0;
  view = null;
  /** Means of the server's group shares over `sharesFrames` answers, or null: too few faces. */
  shares = null;
  sharesFrames = 0;
  /** number -> {frames, label, probabilities} */
  seats = new Map();

  constructor(t) {
    this.t = t;
  }

  add(answer, faces) {
    this.frames += 1;
    this.view = answer.view ?? (faces.some((face) => face.label) ? 'individual' : this.view);
    this.faces += ((answer.group?.faces ?? faces.length) - this.faces) / this.frames;
    if (answer.group?.shares) {
      this.sharesFrames += 1;
      this.shares = blended(this.shares, answer.group.shares, this.sharesFrames);
    }
    for (const { row, label, probabilities } of faces) {
      if (row === null || !label) continue;
      const seat = this.seats.get(row) ?? { frames: 0, label, probabilities: null };
      seat.frames += 1;
      seat.label = label; // smoothed and decided by the server: the last word of a second stands for it
      seat.probabilities = blended(seat.probabilities, probabilities, seat.frames);
      this.seats.set(row, seat);
    }
  }

  /** A plain copy that IndexedDB can keep, and back. */
  get plain() {
    return { ...this, seats: [...this.seats] };
  }

  static from({ seats, t, ...fields }) {
    return Object.assign(new Second(t), fields, { seats: new Map(seats) });
  }
}

function blended(means, values, count) {
  if (!means) return { ...values };
  for (const [name, value] of Object.entries(values)) {
    const old = means[name] ?? 0;
    means[name] = old + (value - old) / count;
  }
  return means;
}

export class Timeline {
  /** Oldest first; seconds without an answer are not there. */
  seconds = [];

  constructor(seconds = []) {
    this.seconds = seconds;
  }

  get last() {
    return this.seconds.at(-1) ?? null;
  }

  /** Add an answer whose faces have their rows; gives the second it fell into. */
  record(answer, faces) {
    const t = Math.floor(answer.captured_ms / 1000);
    let second = this.last;
    if (!second || second.t < t) {
      second = new Second(t);
      this.seconds.push(second);
    } else if (second.t > t) {
      // With two frames in flight, or a clock set back, an answer can be of an earlier second.
      second = this.seconds.findLast((one) => one.t <= t) ?? this.seconds[0];
    }
    second.add(answer, faces);
    return second;
  }

  /** The seconds from `t` on. */
  since(t) {
    let first = this.seconds.length;
    while (first > 0 && this.seconds[first - 1].t >= t) first -= 1;
    return this.seconds.slice(first);
  }

  /** Numbers of all seats that were ever seen, in order. */
  get rows() {
    const rows = new Set();
    for (const second of this.seconds) for (const row of second.seats.keys()) rows.add(row);
    return [...rows].sort((a, b) => a - b);
  }
}

/** Shares of a second as drawn: the server's, or counted from the seats where it gives none; null without any. */
export function sharesOf(second) {
  if (second.shares) return second.shares;
  if (!second.seats.size) return null;
  const shares = {};
  for (const { label } of second.seats.values()) shares[label] = (shares[label] ?? 0) + 1 / second.seats.size;
  return shares;
}
