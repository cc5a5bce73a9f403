// One stream to the server: newest frame only, one in flight, and back again after every break.

const PROTOCOL = 'moodstream.v1';
const HELLO = JSON.stringify({ v: 1, mode: 'live', view: 'individual' });
const MIN_GAP_MS = 1000 / 30 - 4;
const ANSWER_TIMEOUT_MS = 6000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 8000;
const BAD_ORIGIN = 4403;
const TRY_LATER = 1013;
const LAST_ANSWER_MS = 1000;

/** Events: 'answer' {answer}, 'connected', 'broken' {words}, 'refused' {words}, 'sent', 'closed' {code}. */
export class Stream extends EventTarget {
  #socket = null;
  #frame = 0;
  #inFlight = null;
  #encoding = false;
  #lastSent = 0;
  #delay = FIRST_DELAY_MS;
  #timers = new Set();
  #running = false;

  constructor(capture, fetchToken) {
    super();
    this.capture = capture;
    this.fetchToken = fetchToken;
  }

  start() {
    this.#running = true;
    const { video } = this.capture;
    const onFrame = () => {
      if (!this.#running) return;
      this.#pump();
      video.requestVideoFrameCallback?.(onFrame);
    };
    video.requestVideoFrameCallback?.(onFrame);
    // Beside it: with several tabs open the callback alone starves.
    this.#timers.add(setInterval(() => this.#pump(), 33));
    this.#connect();
  }

  /** Send nothing more, wait shortly for the answer that is under way, and close. */
  async stop() {
    this.#running = false;
    this.#timers.forEach(clearInterval);
    this.#timers.clear();
    const end = performance.now() + LAST_ANSWER_MS;
    while ((this.#inFlight || this.#encoding) && performance.now() < end) await sleep(20);
    this.#socket?.close(1000);
  }

  async #connect() {
    if (!this.#running) return;
    let token;
    try {
      token = await this.fetchToken();
    } catch {
      this.#retry('The server does not answer');
      return;
    }
    if (!this.#running) return;
    const url = new URL('ws/stream', document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, [PROTOCOL, token]);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      socket.send(HELLO);
      this.#emit('connected');
    };
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event);
  }

  #closed({ code }) {
    this.#socket = null;
    this.#inFlight = null;
    this.#emit('closed', { code });
    if (!this.#running) return;
    if (code === BAD_ORIGIN) {
      this.#emit('refused', { words: 'The server refuses streams from this address. Open the page by its own address.' });
      return;
    }
    this.#retry(code === TRY_LATER ? 'The service is starting or busy' : 'The connection broke');
  }

  #retry(words) {
    if (!this.#running) return;
    const wait = this.#delay * (0.75 + Math.random() / 2);
    this.#delay = Math.min(MAX_DELAY_MS, this.#delay * 2);
    this.#emit('broken', { words: `${words}. Reconnecting…` });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#connect();
    }, wait);
    this.#timers.add(timer);
  }

  #receive(answer) {
    if (answer.frame !== this.#inFlight?.frame) return;
    this.#inFlight = null;
    this.#delay = FIRST_DELAY_MS;
    this.#emit('answer', { answer });
    this.#pump();
  }

  async #pump() {
    const now = performance.now();
    if (this.#inFlight && now - this.#inFlight.since > ANSWER_TIMEOUT_MS) {
      // Every frame gets an answer; none means that the connection is dead without knowing it.
      this.#inFlight = null;
      this.#socket?.close(4000, 'no answer');
      return;
    }
    const open = this.#socket?.readyState === WebSocket.OPEN;
    if (!this.#running || !open || this.#inFlight || this.#encoding) return;
    if (!this.capture.ready || now - this.#lastSent < MIN_GAP_MS) return;
    this.#encoding = true;
    this.#lastSent = now;
    const socket = this.#socket;
    const frame = ++this.#frame;
    try {
      const message = await this.capture.message(frame, Date.now());
      if (socket.readyState !== WebSocket.OPEN) return;
      this.#inFlight = { frame, since: performance.now() };
      socket.send(message);
      this.#emit('sent');
    } finally {
      this.#encoding = false;
    }
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
