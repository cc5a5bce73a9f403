// Where frames come from, and how one becomes a small JPEG. Runs in the worker.

const QUALITY = 0.72;
/** A track that has given nothing for so long is read anew. */
const SILENT_MS = 1000;

/**
 * The newest frame of a camera or window, straight from its track (browsers with MediaStreamTrackProcessor).
 * Older frames are closed as newer ones come: the camera's few buffers must not pile up here. A window that does not
 * change is sent once or twice, which may be before anyone reads; a new reader makes the browser send it again.
 */
export class TrackFrames {
  #reader;
  #askAnew;
  #newest = null;
  #silentSince = performance.now();
  fresh = false;

  /** `onFresh()` is called with every frame, `askAnew()` when none has come: the page should give another readable. */
  constructor(readable, onFresh, askAnew) {
    this.#reader = readable.getReader();
    this.#askAnew = askAnew;
    this.#read(onFresh);
  }

  get ready() {
    return this.#newest !== null;
  }

  /** They come by themselves, or the track is asked anew. */
  want() {
    if (this.ready || performance.now() - this.#silentSince < SILENT_MS) return;
    this.#silentSince = performance.now();
    this.#askAnew();
  }

  /** The newest frame and when it came (ms, wall clock); a second call without a newer one gives the same again. */
  take() {
    const again = !this.fresh;
    this.fresh = false;
    const { frame, at } = this.#newest;
    // A shared window that does not change sends no frames: what it showed then, it still shows now.
    return { image: frame, width: frame.displayWidth, height: frame.displayHeight, capturedMs: again ? Date.now() : at };
  }

  close() {
    this.#reader.cancel().catch(() => null); // the track may have ended before us
    this.#newest?.frame.close();
    this.#newest = null;
  }

  async #read(onFresh) {
    for (;;) {
      const { value, done } = await this.#reader.read().catch(() => ({ done: true }));
      if (done) return;
      this.#newest?.frame.close();
      this.#newest = { frame: value, at: Date.now() };
      this.fresh = true;
      onFresh();
    }
  }
}

/** Frames that the page takes from its video element when asked: slower, but it works in every browser. */
export class AskedFrames {
  #ask;
  #onFresh;
  #asked = false;
  #newest = null;
  fresh = false;

  constructor(ask, onFresh) {
    this.#ask = ask;
    this.#onFresh = onFresh;
  }

  get ready() {
    return this.#newest !== null;
  }

  want() {
    if (this.#asked) return;
    this.#asked = true;
    this.#ask();
  }

  /** The page's answer: a bitmap, or null while the video shows nothing. */
  picture(bitmap) {
    this.#asked = false;
    if (!bitmap) return;
    this.#newest?.image.close();
    this.#newest = { image: bitmap, width: bitmap.width, height: bitmap.height, capturedMs: Date.now() };
    this.fresh = true;
    this.#onFresh();
  }

  take() {
    this.fresh = false;
    return this.#newest;
  }

  close() {
    this.#newest?.image.close();
    this.#newest = null;
  }
}

/** The simulated class, drawn for the moment at which a frame is taken. */
export class SceneFrames {
  #canvas = null;
  #startMs;
  #scene = null;
  fresh = false;

  /** `loading`: a promise of the scene; `startMs`: its beginning, wall clock. */
  constructor(loading, startMs) {
    this.#startMs = startMs;
    loading.then((scene) => {
      this.#scene = scene;
      this.#canvas = new OffscreenCanvas(scene.constructor.WIDTH, scene.constructor.HEIGHT);
      this.fresh = true;
    });
  }

  get ready() {
    return this.#scene !== null;
  }

  want() {}

  take() {
    const capturedMs = Date.now();
    this.#scene.draw(this.#canvas.getContext('2d', { alpha: false, willReadFrequently: true }), capturedMs - this.#startMs);
    return { image: this.#canvas, width: this.#canvas.width, height: this.#canvas.height, capturedMs };
  }

  close() {
    this.#scene = null;
    this.fresh = false;
  }
}

/** Frames to JPEG on one canvas. */
export class Encoder {
  #canvas = new OffscreenCanvas(1, 1);
  // Kept in main memory: every picture is read back at once, which is slow from a graphics card's.
  #context = this.#canvas.getContext('2d', { alpha: false, willReadFrequently: true });

  async jpeg({ image, width, height }, maxWidth) {
    const scale = Math.min(1, maxWidth / width);
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#context.drawImage(image, 0, 0, this.#canvas.width, this.#canvas.height);
    const blob = await this.#canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
    return new Uint8Array(await blob.arrayBuffer());
  }
}
