// Who may need attention, and why, in words: an expression that has stayed negative, or a face that has stayed away.

const NEGATIVE = new Set(['angry', 'disgust', 'fear', 'sad']);
const AS_ADJECTIVE = { angry: 'angry', disgust: 'disgusted', fear: 'fearful', sad: 'sad' };
/** Seats seen for less than this many seconds were hardly anyone. */
const SOMEONE_S = 5;
/** A run of negative seconds goes on over pauses this long, as long as most of it is negative. */
const PAUSE_S = 3;
const MOSTLY = 0.7;

/**
 * Keeps per seat how long its run of negative or absent seconds has lasted; fed once for each second that is over.
 * Only seconds with answers count, so a broken network makes nobody absent.
 */
export class Attention {
  #seats = new Map();

  /** `confidence`: below it a word counts as unsure. `present`: numbers that have a place in the picture. */
  second(second, { confidence, present }) {
    for (const row of [...this.#seats.keys()]) if (!present.includes(row)) this.#seats.delete(row);
    for (const row of present) {
      const seat = this.#seats.get(row) ?? { seen: 0, away: 0, run: [] };
      this.#seats.set(row, seat);
      const reading = second.seats.get(row);
      if (!reading) {
        seat.away += 1;
        continue;
      }
      if (seat.away > PAUSE_S) seat.run = [];
      seat.seen += 1;
      seat.away = 0;
      const sure = Math.max(...Object.values(reading.probabilities)) >= confidence;
      seat.run.push(sure && NEGATIVE.has(reading.label) ? reading.label : null);
      trim(seat.run);
    }
  }

  /** Seconds with answers since `row` was last seen. */
  awayFor(row) {
    return this.#seats.get(row)?.away ?? 0;
  }

  /** [{row, kind: 'negative' | 'absent', seconds, words}], the longest first, for runs longer than `seconds`. */
  list(seconds) {
    const found = [];
    for (const [row, { seen, away, run }] of this.#seats) {
      if (seen < SOMEONE_S) continue;
      if (away > seconds) {
        found.push({ row, kind: 'absent', seconds: away, words: `Face out of view for ${duration(away)}` });
      } else if (run.length > seconds && away <= PAUSE_S) {
        found.push({ row, kind: 'negative', seconds: run.length, words: `Has looked ${adjectives(run)} for ${duration(run.length)}` });
      }
    }
    return found.sort((a, b) => b.seconds - a.seconds);
  }
}

/** Cut a run where it stops being one: it starts with a negative second, has no long pause and is mostly negative. */
function trim(run) {
  const pause = run.length - 1 - run.findLastIndex((label) => label);
  if (pause > PAUSE_S) run.length = 0;
  while (run.length && (!run[0] || run.filter(Boolean).length < MOSTLY * run.length)) run.shift();
}

function adjectives(run) {
  const counts = new Map();
  for (const label of run) if (label) counts.set(label, (counts.get(label) ?? 0) + 1);
  const often = [...counts].sort((a, b) => b[1] - a[1]).filter(([, count]) => count > 0.25 * run.length);
  return often.slice(0, 2).map(([label]) => AS_ADJECTIVE[label]).join(' or ');
}

/** 42 s, 2 min 5 s, 1 h 3 min */
export function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
