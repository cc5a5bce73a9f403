// The page's end of the capturing worker: gives it a source and tokens, hands on what it tells.

/** Whether frames can be read in the worker itself; elsewhere the page takes them from its video when asked. */
export const TRACKS_READABLE = typeof MediaStreamTrackProcessor === 'function';
const STOP_WITHIN_MS = 3000;

/**
 * Events: 'connected', 'sent' {frame, width}, 'answer' {answer}, 'broken' {words}, 'refused' {words}, 'closed' {code},
 * 'muted' {muted}.
 */
export class Link extends EventTarget {
  #worker = new Worker(new URL('./capture/worker.js', import.meta.url), { type: 'module' });
  #source = {};
  #stopped;

  /** `fetchToken()` gives a promise of a token for the socket. */
  constructor(fetchToken) {
    super();
    this.#stopped = new Promise((done) => this.addEventListener('stopped', done));
    this.#worker.onmessage = ({ data: { type, ...detail } }) => {
      if (type === 'token') this.#giveToken(fetchToken);
      else if (type === 'grab') this.#givePicture();
      else if (type === 'anew') this.#readAnew();
      else this.dispatchEvent(new CustomEvent(type, { detail }));
    };
    this.#worker.onerror = ({ message }) =>
      this.dispatchEvent(new CustomEvent('refused', { detail: { words: `This browser cannot run the capture: ${message}` } }));
  }

  /** `source` as the stage gives it, `hello` the stream's first message. */
  start(source, hello) {
    const url = new URL('ws/stream', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    this.use(source);
    this.#worker.postMessage({ type: 'start', hello, url: url.href });
  }

  /** Read from another source; the stream goes on. */
  use(source) {
    if (this.#source.track) this.#source.track.onmute = this.#source.track.onunmute = null;
    this.#source = source;
    const { kind, track = null, startMs = null } = source;
    const readable = track && TRACKS_READABLE ? new MediaStreamTrackProcessor({ track }).readable : null;
    this.#worker.postMessage({ type: 'use', kind, startMs, readable }, readable ? [readable] : []);
    if (track) track.onmute = track.onunmute = () => this.#mute(track.muted);
    this.#mute(track?.muted ?? false);
  }

  greet(hello) {
    this.#worker.postMessage({ type: 'greet', hello });
  }

  /** Resolves when the answers under way have come and the socket is closed. */
  async stop() {
    this.#worker.postMessage({ type: 'stop' });
    await Promise.race([this.#stopped, new Promise((done) => setTimeout(done, STOP_WITHIN_MS))]);
    this.#worker.terminate();
  }

  #mute(muted) {
    this.#worker.postMessage({ type: 'muted', muted });
    this.dispatchEvent(new CustomEvent('muted', { detail: { muted } }));
  }

  async #giveToken(fetchToken) {
    try {
      this.#worker.postMessage({ type: 'token', token: await fetchToken() });
    } catch (error) {
      this.#worker.postMessage({ type: 'token', error: String(error) });
    }
  }

  #readAnew() {
    if (this.#source.track?.readyState === 'live') this.use(this.#source);
  }

  async #givePicture() {
    const { video } = this.#source;
    const showing = video?.readyState >= 2 && video.videoWidth > 0;
    const bitmap = showing ? await createImageBitmap(video).catch(() => null) : null;
    this.#worker.postMessage({ type: 'picture', bitmap }, bitmap ? [bitmap] : []);
  }
}
