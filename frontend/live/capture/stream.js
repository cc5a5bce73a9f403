// One stream to the server: newest frame only, one or two in flight, and back again after every break.

import { pack } from './message.js';

const PROTOCOL = 'moodstream.v1';
const OPEN = 1;
/** A source that shows nothing new is sent again this often, so that the answers never stop. */
const REPEAT_MS = 150;
const TICK_MS = 25;
const ANSWER_TIMEOUT_MS = 6000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 5000;
const LAST_ANSWER_MS = 1000;
const BAD_ORIGIN = 4403;
const TRY_LATER = 1013;
/** The replica parts with this stream; another takes it at once, seats and all. */
const RESTART = 1012;
const RESTART_DELAY_MS = 200;

/**
 * Calls `emit(type, detail)` with 'connected', 'sent' {frame, width}, 'answer' {answer}, 'broken' {words}, 'refused'
 * {words}, 'closed' {code}.
 */
export class Stream {
  #options;
  #hello = null;
  #socket = null;
  #frame = 0;
  #inFlight = new Map();
  #encoding = false;
  #lastSent = -Infinity;
  #delay = FIRST_DELAY_MS;
  #ticking = null;
  #retrying = null;
  #running = false;
  #last = null;
  /** While set, nothing is sent: the source gives no pictures. */
  muted = false;

  /** `frames`, `encoder` and `pace` as in their modules; `openSocket(token)` gives a WebSocket. */
  constructor({ frames, encoder, pace, openSocket, fetchToken, emit }) {
    this.#options = { frames, encoder, pace, openSocket, fetchToken, emit };
  }

  start(hello) {
    this.#hello = hello;
    this.#running = true;
    this.#ticking = setInterval(() => this.pump(), TICK_MS);
    this.#connect();
  }

  /** Another view or smoothing, from the next frame on. */
  greet(hello) {
    this.#hello = hello;
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify({ ...hello, resume: null }));
  }

  /** Frames of another source from now on; the last answer speaks of the old one. */
  use(frames, pace) {
    Object.assign(this.#options, { frames, pace });
    this.#last = null;
  }

  /** The network is back: do not wait for the next try. */
  online() {
    if (!this.#retrying) return;
    clearTimeout(this.#retrying);
    this.#retrying = null;
    this.#delay = FIRST_DELAY_MS;
    this.#connect();
  }

  offline() {
    if (this.#socket) this.#drop(4000);
  }

  /** Send nothing more, wait shortly for the answers that are under way, and close. */
  async stop() {
    this.#running = false;
    clearInterval(this.#ticking);
    clearTimeout(this.#retrying);
    const end = performance.now() + LAST_ANSWER_MS;
    while ((this.#inFlight.size || this.#encoding) && performance.now() < end) await sleep(20);
    this.#options.frames.close();
    const socket = this.#socket;
    if (!socket) return;
    const closed = new Promise((done) => socket.addEventListener('close', done));
    socket.close(1000);
    await Promise.race([closed, sleep(LAST_ANSWER_MS)]);
  }

  /** Send the newest frame if there is one and room for it. */
  async pump() {
    const { frames, encoder, pace, emit } = this.#options;
    const now = performance.now();
    const oldest = this.#inFlight.values().next().value;
    if (oldest && now - oldest.sentAt > ANSWER_TIMEOUT_MS) {
      // Every frame gets an answer; none means that the connection is dead without knowing it.
      this.#drop(4000);
      return;
    }
    const socket = this.#socket;
    if (!this.#running || this.muted || this.#encoding || socket?.readyState !== OPEN) return;
    if (this.#inFlight.size >= pace.inFlight || now - this.#lastSent < pace.gapMs) return;
    if (!frames.fresh) {
      frames.want();
      if (!frames.ready || now - this.#lastSent < Math.max(REPEAT_MS, pace.gapMs)) return;
    }
    this.#encoding = true;
    this.#lastSent = now;
    const taken = frames.take();
    const { width: sourceWidth, capturedMs } = taken;
    try {
      const jpeg = await encoder.jpeg(taken, pace.width);
      if (socket.readyState !== OPEN) return;
      const frame = ++this.#frame;
      this.#inFlight.set(frame, { sentAt: performance.now(), sourceWidth });
      socket.send(pack(frame, capturedMs, jpeg));
      emit('sent', { frame, width: Math.min(pace.width, sourceWidth) });
    } finally {
      this.#encoding = false;
    }
  }

  async #connect() {
    let token;
    try {
      token = await this.#options.fetchToken();
    } catch {
      this.#retry('The server does not answer');
      return;
    }
    if (!this.#running) return;
    const socket = this.#options.openSocket([PROTOCOL, token]);
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(JSON.stringify(this.#last ? { ...this.#hello, resume: this.#last } : this.#hello));
      this.#options.emit('connected', {});
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(code);
  }

  /** Give a socket up without waiting for its farewell, which a dead network would hold back for long. */
  #drop(code) {
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
    this.#closed(code);
  }

  #closed(code) {
    this.#socket = null;
    this.#inFlight.clear();
    this.#options.emit('closed', { code });
    if (code === BAD_ORIGIN) {
      this.#options.emit('refused', {
        words: 'The server refuses streams from this address. Open the page by its own address.',
      });
      return;
    }
    if (code === RESTART) {
      this.#later(RESTART_DELAY_MS * Math.random());
      return;
    }
    this.#retry(code === TRY_LATER ? 'The service is starting or busy' : 'The connection broke');
  }

  #retry(words) {
    if (!this.#running) return;
    const wait = this.#delay * (0.75 + Math.random() / 2);
    this.#delay = Math.min(MAX_DELAY_MS, this.#delay * 2);
    this.#options.emit('broken', { words });
    this.#later(wait);
  }

  #later(wait) {
    if (!this.#running) return;
    this.#retrying = setTimeout(() => {
      this.#retrying = null;
      this.#connect();
    }, wait);
  }

  #receive(answer) {
    const sent = this.#inFlight.get(answer.frame);
    if (!sent) return;
    this.#inFlight.delete(answer.frame);
    this.#delay = FIRST_DELAY_MS;
    if (answer.status === 'ok') this.#last = answer;
    const now = performance.now();
    this.#options.pace.answered(answer, now - sent.sentAt, sent.sourceWidth, now);
    this.#options.emit('answer', { answer });
    this.pump();
  }
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
