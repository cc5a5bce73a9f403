// Answers and lessons for the tests, made by hand.

import { Legend } from '../../../frontend/live/legend.js';
import { Lesson } from '../../../frontend/live/lesson.js';

export const WORDS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];
export const SETTINGS = { confidence: 0 };
/** A moment at the beginning of a second. */
export const T0 = 1_800_000_000_000;

export const legend = () =>
  new Legend([...WORDS, 'unsure'].map((name) => ({ name, colour: '#123456', sign: name[0].toUpperCase() })));

export function probabilities(word, most = 0.7) {
  const rest = (1 - most) / 6;
  return Object.fromEntries(WORDS.map((name) => [name, name === word ? most : rest]));
}

/** A face in a picture of 1000 x 500 pixels. */
export const face = (seat, box, label = 'neutral', most = 0.7) => ({
  box, seat, score: 0.9, label, probabilities: probabilities(label === 'unsure' ? 'sad' : label, most),
});

export const answer = (capturedMs, faces, more = {}) => ({
  status: 'ok', frame: 1, captured_ms: capturedMs, width: 1000, height: 500, view: 'individual', model: 'm', detector: 'd',
  faces, group: { faces: faces.length, min: 5, shares: null }, timings_ms: { total: 20 }, ...more,
});

/** A store that remembers in memory what it was given, as IndexedDB copies it. */
export class MemoryStore {
  rows = { lessons: new Map(), seconds: new Map(), markers: new Map() };
  #key = { lessons: ({ id }) => id, seconds: ({ lesson, t }) => `${lesson} ${t}`, markers: ({ lesson, id }) => `${lesson} ${id}` };

  async put(values) {
    for (const [name, rows] of Object.entries(values)) for (const row of rows) this.rows[name].set(this.#key[name](row), structuredClone(row));
  }

  async lessons() {
    return [...this.rows.lessons.values()];
  }

  async load(id) {
    const of = (name) => [...this.rows[name].values()].filter(({ lesson }) => lesson === id);
    return { seconds: of('seconds'), markers: of('markers') };
  }

  async removeMarker(lesson, id) {
    this.rows.markers.delete(`${lesson} ${id}`);
  }

  async remove(id) {
    this.rows.lessons.delete(id);
    for (const name of ['seconds', 'markers']) for (const [key, row] of this.rows[name]) if (row.lesson === id) this.rows[name].delete(key);
  }
}

/** A lesson of `seconds` with two seats: the first is sad throughout, the second happy and away from second 40 on. */
export function twoSeats(seconds = 60, store = null) {
  const lesson = Lesson.fresh(store);
  for (let s = 0; s < seconds; s += 1) {
    for (const ms of [0, 500]) {
      const faces = [face(901, [100, 100, 80, 90], 'sad')];
      if (s < 40) faces.push(face(77, [600, 100, 80, 90], 'happy', 0.9));
      lesson.record(answer(T0 + s * 1000 + ms, faces), SETTINGS);
    }
  }
  return lesson;
}
