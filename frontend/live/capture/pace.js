// How much is sent: picture width, frames in flight and the gap between frames, from the answers as they come.

/** Widths in pixels; more than the source has is never sent. */
const WIDTHS = [480, 640, 960, 1280, 1600, 1920];
const START = { camera: 640, screen: 1280, demo: 1280 };
const MIN_GAP_MS = 1000 / 30 - 4;
const MAX_GAP_MS = 1000;
/** A crop has 48 pixels a side: faces below this many in the picture that is sent lose detail. */
const WANTED_FACE_PX = 60;
/** Below this many they are missed: rather fewer pictures than such small ones. */
const LEAST_FACE_PX = 40;
/** A source in which no face has been found yet may be full of small ones. */
const LEAST_WIDTH = { camera: 480, screen: 1280, demo: 960 };
const SLOW_MS = 450;
const QUICK_MS = 180;
const CALM_ANSWERS = 15;
const RETRY_WIDER_MS = 20_000;

export class Pace {
  gapMs = MIN_GAP_MS;
  inFlight = 1;
  #rung;
  #least;
  #took = null;
  #network = null;
  #service = null;
  #answers = 0;
  #narrowedAt = -Infinity;

  constructor(kind = 'camera') {
    this.#rung = WIDTHS.indexOf(START[kind] ?? START.camera);
    this.#least = LEAST_WIDTH[kind] ?? LEAST_WIDTH.camera;
  }

  get width() {
    return WIDTHS[this.#rung];
  }

  /** An answer came `tookMs` after its frame went, for a picture from a source `sourceWidth` pixels wide. */
  answered(answer, tookMs, sourceWidth, now) {
    if (answer.status !== 'ok') {
      // Refused or too late: whoever comes less often is served.
      if (answer.status === 'overloaded' || answer.status === 'stale') this.gapMs = Math.min(MAX_GAP_MS, this.gapMs * 1.6 + 20);
      return;
    }
    this.gapMs = Math.max(MIN_GAP_MS, this.gapMs * 0.85);
    const service = Math.min(tookMs, answer.timings_ms?.total ?? tookMs);
    this.#took = blend(this.#took, tookMs);
    this.#service = blend(this.#service, service);
    this.#network = blend(this.#network, tookMs - service);
    // A second frame in flight helps only while the first is on the wire.
    this.inFlight = this.#network > this.#service ? 2 : 1;
    this.#answers += 1;
    if (this.#answers < CALM_ANSWERS) return;
    if (this.#took > SLOW_MS && this.#rung > 0 && this.#mayNarrow(answer)) {
      this.#move(-1);
      this.#narrowedAt = now;
    } else if (
      this.#took < QUICK_MS &&
      now - this.#narrowedAt > RETRY_WIDER_MS &&
      this.width < sourceWidth &&
      this.#rung < WIDTHS.length - 1 &&
      wantsMore(answer)
    ) {
      this.#move(1);
    }
  }

  /** Whether the faces would still be found in a picture one step narrower. */
  #mayNarrow({ faces, width }) {
    const narrower = WIDTHS[this.#rung - 1];
    if (!faces.length) return narrower >= this.#least;
    const smallest = Math.min(...faces.map(({ box }) => Math.min(box[2], box[3])));
    return (smallest / width) * narrower >= LEAST_FACE_PX;
  }

  #move(step) {
    this.#rung += step;
    this.#answers = 0;
    this.#took = null;
  }
}

/** Whether a wider picture would show more: small faces lose detail, and where none is found there may be smaller ones. */
const wantsMore = ({ faces }) =>
  faces.length === 0 || faces.some(({ box }) => Math.min(box[2], box[3]) < WANTED_FACE_PX);

const blend = (old, value) => (old === null ? value : 0.8 * old + 0.2 * value);
