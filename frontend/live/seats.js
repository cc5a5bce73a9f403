// Small, lasting numbers for seats. The server's are random and end with the stream or when a face leaves; here the next
// face at the place of an absent one gets that place's number back. Places are compared, never faces.

const SAME_PLACE = 0.3;
const FORGOTTEN_MS = 10 * 60_000;
/** What was seen in fewer frames than this may have been no face at all. */
const SETTLED_FRAMES = 10;

export class Seats {
  #next = 1;
  /** number -> {server, box: [x, y, w, h] as shares of the picture, seenMs, frames: how often it was seen} */
  #places = new Map();

  /** What to keep over a reload. */
  get state() {
    return { next: this.#next, places: [...this.#places] };
  }

  restore(state) {
    if (!state) return;
    this.#next = state.next;
    this.#places = new Map(state.places);
  }

  /** Another source: its places have nothing to do with the old ones, and no one is missing from it. */
  clear() {
    this.#places.clear();
  }

  /** Numbers that have a place in the present picture, whether a face is there now or not. */
  get numbers() {
    return [...this.#places.keys()].sort((a, b) => a - b);
  }

  /** Those of them that are worth a row. */
  get settled() {
    return this.numbers.filter((row) => this.#places.get(row).frames >= SETTLED_FRAMES);
  }

  /** The faces of an answer, each with its number as `row`; null for faces without a seat. */
  place({ faces, width, height, captured_ms: now }) {
    const known = new Map([...this.#places].map(([row, place]) => [place.server, row]));
    const present = new Set(faces.map((face) => known.get(face.seat)));
    const placed = faces.map((face) => {
      if (face.seat === null || face.seat === undefined) return { ...face, row: null };
      const [x, y, w, h] = face.box;
      const box = [x / width, y / height, w / width, h / height];
      let row = known.get(face.seat);
      if (row === undefined) {
        row = this.#absentAt(box, present) ?? this.#next++;
        present.add(row);
      }
      const frames = (this.#places.get(row)?.frames ?? 0) + 1;
      this.#places.set(row, { server: face.seat, box, seenMs: now, frames });
      return { ...face, row };
    });
    for (const [row, { seenMs }] of this.#places) if (now - seenMs > FORGOTTEN_MS) this.#places.delete(row);
    return placed;
  }

  #absentAt(box, present) {
    let best = null;
    for (const [row, place] of this.#places) {
      const overlap = present.has(row) ? 0 : iou(box, place.box);
      if (overlap >= SAME_PLACE && overlap > (best?.overlap ?? 0)) best = { row, overlap };
    }
    return best?.row;
  }
}

/** Overlap of two boxes (x, y, width, height): common area by joint area. */
export function iou(a, b) {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  const common = Math.max(0, w) * Math.max(0, h);
  return common / (a[2] * a[3] + b[2] * b[3] - common);
}
