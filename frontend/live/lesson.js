// One lesson: its timeline, seats and markers, written to the browser's own store as they come, read back after a reload.

import { Attention } from './attention.js';
import { Seats } from './seats.js';
import { Second, Timeline } from './timeline.js';

const WRITE_EVERY_MS = 250;
/** A start this long after the last answer begins a lesson of its own. */
const PAUSE_MS = 30 * 60_000;
/** Seconds at the end of a lesson that the store may not have written yet. */
const TAIL_S = 10;

export class Lesson {
  /** {id, startedMs, endedMs, source, model, detector, seats, last}; `last` is the last answer, for `resume`. */
  facts;
  markers = [];
  timeline = new Timeline();
  seats = new Seats();
  attention = new Attention();
  #store;
  #dirty = new Set();
  #writtenMs = 0;
  #writing = Promise.resolve();
  #deleted = false;
  /** Called with an error when the browser refuses to keep something. */
  onfailure = () => {};

  constructor(facts, store) {
    this.facts = facts;
    this.#store = store;
  }

  static fresh(store) {
    const now = Date.now();
    // The Web Crypto of an insecure page has no UUIDs; this needs to be unique in one browser only.
    const id = `${now.toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
    return new Lesson({ id, startedMs: now, endedMs: now, source: null, model: null, detector: null, seats: null, last: null }, store);
  }

  /** A kept lesson; `tail` is its newest part where it was remembered apart, and goes before what the store has. */
  static async load(facts, store, settings, tail = null) {
    const lesson = new Lesson(tail?.facts ?? facts, store);
    const { seconds, markers } = await store.load(facts.id);
    const kept = new Map(seconds.map(({ lesson: _, ...plain }) => [plain.t, Second.from(plain)]));
    for (const plain of tail?.seconds ?? []) {
      kept.set(plain.t, Second.from(plain));
      lesson.#dirty.add(kept.get(plain.t));
    }
    lesson.timeline = new Timeline([...kept.values()].sort((a, b) => a.t - b.t));
    lesson.markers = tail?.markers ?? markers;
    lesson.seats.restore(lesson.facts.seats);
    lesson.rejudge(settings);
    return lesson;
  }

  /** What a reload might cut off the store's writing: a plain copy for {@link Lesson.load}. */
  get tail() {
    return { facts: this.#row(), seconds: this.timeline.seconds.slice(-TAIL_S).map(({ plain }) => plain), markers: this.markers };
  }

  /** Whether a lesson with these facts may still be going on. */
  static isRecent({ endedMs }) {
    return Date.now() - endedMs < PAUSE_MS;
  }

  get empty() {
    return this.timeline.seconds.length === 0 && this.markers.length === 0;
  }

  /** Whether a start now would rather begin a new one. */
  get over() {
    return !this.empty && !Lesson.isRecent(this.facts);
  }

  /** Other pictures come: seats of the old ones are nobody's. */
  begin(source) {
    if (this.facts.source !== source) {
      this.seats.clear();
      this.facts.last = null;
    }
    this.facts.source = source;
  }

  /** Take an answer in. Gives its faces with their rows, and whether a second has just ended. */
  record(answer, settings) {
    const faces = this.seats.place(answer);
    const before = this.timeline.last;
    const second = this.timeline.record(answer, faces);
    const ended = before !== null && second.t > before.t;
    if (ended) this.#judge(before, settings);
    if (this.timeline.seconds.length === 1) this.facts.startedMs = Math.min(this.facts.startedMs, answer.captured_ms);
    Object.assign(this.facts, { endedMs: answer.captured_ms, model: answer.model, detector: answer.detector, last: answer });
    this.#dirty.add(second);
    // By the answers' clock: a hidden page's timers may sleep for a minute.
    if (Date.now() - this.#writtenMs > WRITE_EVERY_MS) this.write();
    return { faces, ended };
  }

  mark(text, atMs = Date.now()) {
    const marker = { lesson: this.facts.id, id: Math.max(0, ...this.markers.map(({ id }) => id)) + 1, atMs, text };
    this.markers.push(marker);
    this.#keep({ lessons: [this.#row()], markers: [marker] });
    return marker;
  }

  rename(marker, text) {
    marker.text = text;
    this.#keep({ markers: [marker] });
  }

  unmark(marker) {
    this.markers = this.markers.filter((one) => one !== marker);
    if (this.#store) this.#after(() => this.#store.removeMarker(marker.lesson, marker.id));
  }

  /** Write what is new; resolves when it is kept. */
  write() {
    if (this.#dirty.size) {
      this.#writtenMs = Date.now();
      const seconds = [...this.#dirty].map((second) => ({ lesson: this.facts.id, ...second.plain }));
      this.#dirty.clear();
      this.#keep({ lessons: [this.#row()], seconds });
    }
    return this.#writing;
  }

  async remove() {
    this.#deleted = true;
    this.#dirty.clear();
    await this.#writing;
    await this.#store?.remove(this.facts.id);
  }

  /** Judge the whole timeline again, by other settings; its last second is judged when it is over. */
  rejudge(settings) {
    this.attention = new Attention();
    for (const second of this.timeline.seconds.slice(0, -1)) this.#judge(second, settings);
  }

  #row() {
    return { ...this.facts, seats: this.seats.state };
  }

  #judge(second, { confidence }) {
    if (second.view === 'group') return; // nobody is missing where nobody is told apart
    this.attention.second(second, { confidence, present: this.seats.numbers });
  }

  #keep(values) {
    if (this.#store) this.#after(() => this.#store.put(values));
  }

  #after(write) {
    this.#writing = this.#writing.then(() => (this.#deleted ? null : write())).catch((error) => this.onfailure(error));
  }
}
