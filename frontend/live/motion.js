// Boxes between answers. An answer speaks of a frame that is already past; each box glides to where its face should be by
// now: the place in the answer, carried on for the answer's age by the face's own speed.

import { iou } from './seats.js';

const EASE_MS = 70;
/** No speed is trusted for longer than this. */
const CARRY_MS = 250;
/** Movements below this share of the face a second are the detector's trembling. */
const TREMBLE = 0.15;
const FADE_MS = 160;
const SAME_FACE = 0.2;
const NO_SPEED = [0, 0, 0, 0];
/** Less than this share of the picture is no movement that anyone could see. */
const STILL = 3e-4;

export class Motion {
  #faces = [];
  #shownAt = null;
  #lively = false;

  /** `still`: the user asked for reduced motion: boxes stand where the answer put them. */
  constructor({ still = false } = {}) {
    this.still = still;
  }

  clear() {
    this.#faces = [];
  }

  /** New places. `faces` as in an answer, with `row`; `width` and `height` of the frame they were found in. */
  answer({ width, height, captured_ms: capturedMs }, faces, now) {
    const size = [width, height, width, height];
    const before = this.#faces.filter((one) => one.goneAt === null);
    const kept = new Set();
    const next = faces.map((face) => {
      const box = face.box.map((value, i) => value / size[i]);
      const old = before.find((one) => !kept.has(one) && same(one, face, box));
      if (!old) return { face, box, shown: [...box], speed: NO_SPEED, capturedMs, bornAt: now, goneAt: null };
      kept.add(old);
      const seconds = (capturedMs - old.capturedMs) / 1000;
      if (seconds < 0) return old; // overtaken by a newer answer
      return { ...old, face, box, speed: seconds ? speed(old, box, seconds) : old.speed, capturedMs };
    });
    const leaving = this.#faces
      .filter((one) => !kept.has(one))
      .map((one) => (one.goneAt === null ? { ...one, goneAt: now, speed: NO_SPEED } : one));
    this.#faces = [...next, ...leaving.filter((one) => now - one.goneAt < FADE_MS)];
  }

  /** [{face, box, alpha}] to draw at `now` (wall clock); boxes as shares of the picture. */
  at(now) {
    const step = this.still || this.#shownAt === null ? 1 : 1 - Math.exp(-(now - this.#shownAt) / EASE_MS);
    this.#shownAt = now;
    this.#faces = this.#faces.filter((one) => one.goneAt === null || now - one.goneAt < FADE_MS);
    this.#lively = false;
    return this.#faces.map((one) => {
      const ahead = this.still ? 0 : Math.min(CARRY_MS, Math.max(0, now - one.capturedMs)) / 1000;
      const goal = one.box.map((value, i) => value + ahead * one.speed[i]);
      one.shown = one.shown.map((value, i) => value + step * (goal[i] - value));
      const alpha = one.goneAt === null ? (now - one.bornAt) / FADE_MS : 1 - (now - one.goneAt) / FADE_MS;
      const moves = goal.some((value, i) => Math.abs(value - one.shown[i]) > STILL);
      const carried = ahead > 0 && ahead * 1000 < CARRY_MS && one.speed !== NO_SPEED;
      if (moves || carried || alpha < 1) this.#lively = true;
      return { face: one.face, box: one.shown, alpha: this.still ? 1 : Math.min(1, Math.max(0.05, alpha)) };
    });
  }

  /** Whether anything still moves or fades, so that another picture is worth drawing. */
  get lively() {
    return this.#lively;
  }
}

function same(one, face, box) {
  const row = one.face.row ?? null;
  return row === null || (face.row ?? null) === null ? iou(one.box, box) > SAME_FACE : row === face.row;
}

function speed(old, box, seconds) {
  return box.map((value, i) => {
    const now = (value - old.box[i]) / seconds;
    const settled = Math.abs(now) < TREMBLE * old.box[2 + (i % 2)] ? 0 : now;
    return 0.5 * old.speed[i] + 0.5 * settled;
  });
}
