import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Attention, duration } from '../../../frontend/live/attention.js';
import { gather } from '../../../frontend/live/bins.js';
import { Lesson } from '../../../frontend/live/lesson.js';
import { Seats } from '../../../frontend/live/seats.js';
import { sharesOf, Timeline } from '../../../frontend/live/timeline.js';
import { answer, face, MemoryStore, SETTINGS, T0, twoSeats } from './made.mjs';

test('seats have small numbers that outlive the stream’s', () => {
  const seats = new Seats();
  const here = [100, 100, 80, 90];
  assert.equal(seats.place(answer(T0, [face(901, here)]))[0].row, 1);
  assert.equal(seats.place(answer(T0 + 100, [face(901, [130, 100, 80, 90]), face(12, [600, 100, 80, 90])]))[1].row, 2);
  // The first leaves; who sits down at its place has its number, whatever the server calls it.
  seats.place(answer(T0 + 5000, [face(12, [600, 100, 80, 90])]));
  assert.equal(seats.place(answer(T0 + 9000, [face(5, [125, 105, 80, 90])]))[0].row, 1);
  assert.equal(seats.place(answer(T0 + 9100, [face(6, [350, 300, 80, 90])]))[0].row, 3);
  assert.equal(seats.place(answer(T0 + 9200, [{ ...face(null, here), label: null }]))[0].row, null);
});

test('a face seen for a moment only is worth no row', () => {
  const seats = new Seats();
  for (let i = 0; i < 12; i += 1) seats.place(answer(T0 + i * 100, [face(1, [100, 100, 80, 90]), ...(i ? [] : [face(2, [600, 300, 20, 20])])]));
  assert.deepEqual(seats.settled, [1]);
  assert.deepEqual(seats.numbers, [1, 2]);
});

test('a second holds the means of its answers', () => {
  const timeline = new Timeline();
  const one = { ...face(1, [0, 0, 9, 9], 'happy', 0.6), row: 1 };
  const two = { ...face(1, [0, 0, 9, 9], 'sad', 0.8), row: 1 };
  timeline.record(answer(T0 + 100, [one]), [one]);
  timeline.record(answer(T0 + 400, [two]), [two]);
  timeline.record(answer(T0 + 1000, [two]), [two]);
  timeline.record(answer(T0 + 900, [two]), [two]); // overtaken
  assert.equal(timeline.seconds.length, 2);
  const [first] = timeline.seconds;
  assert.equal(first.frames, 3);
  assert.equal(first.seats.get(1).label, 'sad');
  const happy = [0.6, 0.2 / 6, 0.2 / 6].reduce((a, b) => a + b) / 3;
  assert.ok(Math.abs(first.seats.get(1).probabilities.happy - happy) < 1e-9);
});

test('shares are the server’s, or counted from the seats where it gives none', () => {
  const timeline = new Timeline();
  const faces = [{ ...face(1, [0, 0, 9, 9], 'happy'), row: 1 }, { ...face(2, [50, 0, 9, 9], 'sad'), row: 2 }];
  timeline.record(answer(T0, faces), faces);
  assert.deepEqual(sharesOf(timeline.last), { happy: 0.5, sad: 0.5 });
  timeline.record(answer(T0 + 1000, [], { view: 'group', group: { faces: 6, min: 5, shares: { happy: 0.75, unsure: 0.25 } } }), []);
  assert.deepEqual(sharesOf(timeline.last), { happy: 0.75, unsure: 0.25 });
  assert.equal(timeline.last.faces, 6);
});

test('who stays negative or away for long is named, with the reason', () => {
  const lesson = twoSeats(60);
  const entries = lesson.attention.list(15);
  assert.deepEqual(entries.map(({ row, kind }) => [row, kind]), [[1, 'negative'], [2, 'absent']]);
  assert.equal(entries[0].words, 'Has looked sad for 59 s');
  assert.match(entries[1].words, /^Face out of view for 1[89] s$/);
  assert.deepEqual(lesson.attention.list(58).map(({ row }) => row), [1]);
  assert.deepEqual(twoSeats(60).attention.list(90), []);
});

test('a short smile between does not end a negative spell, a long one does', () => {
  const after = (labels) => {
    const attention = new Attention();
    labels.forEach((label, t) => {
      attention.second({ t, seats: new Map([[1, { label, probabilities: { [label]: 0.9 } }]]) }, { confidence: 0, present: [1] });
    });
    return attention.list(10);
  };
  const sad = (count) => Array(count).fill('sad');
  assert.equal(after([...sad(10), 'happy', 'happy', ...sad(5)]).length, 1);
  assert.equal(after([...sad(20), ...Array(8).fill('happy')]).length, 0);
  assert.match(after([...sad(10), ...Array(8).fill('angry')])[0].words, /^Has looked sad or angry for 18 s$/);
});

test('a broken network makes nobody absent, and the group view tells nobody apart', () => {
  const lesson = twoSeats(20);
  const later = answer(T0 + 300_000, [face(901, [100, 100, 80, 90], 'happy'), face(77, [600, 100, 80, 90], 'happy')]);
  lesson.record(later, SETTINGS);
  assert.ok(lesson.attention.list(5).every(({ kind }) => kind !== 'absent'));
  for (let s = 301; s < 360; s += 1) lesson.record(answer(T0 + s * 1000, [{ ...face(null, [100, 100, 80, 90]), label: null, probabilities: null }], { view: 'group' }), SETTINGS);
  assert.ok(lesson.attention.list(5).every(({ kind }) => kind !== 'absent'));
});

test('what was kept comes back after a reload: seconds, seats, markers, and the last answer', async () => {
  const store = new MemoryStore();
  const lesson = twoSeats(30, store);
  const marker = lesson.mark('fractions', T0 + 9000);
  lesson.rename(marker, 'explained fractions here');
  await lesson.write();
  const [facts] = await store.lessons();
  const again = await Lesson.load(facts, store, SETTINGS);
  assert.deepEqual(again.timeline.seconds.map(({ plain }) => plain), lesson.timeline.seconds.map(({ plain }) => plain));
  assert.equal(again.markers[0].text, 'explained fractions here');
  assert.deepEqual(again.attention.list(10), lesson.attention.list(10));
  assert.equal(again.facts.last.captured_ms, T0 + 29_500);
  // A face at the old place keeps its number, though the server's new stream calls it otherwise.
  assert.equal(again.record(answer(T0 + 40_000, [face(3, [600, 100, 80, 90], 'happy')]), SETTINGS).faces[0].row, 2);
  again.unmark(again.markers[0]);
  await again.write();
  assert.equal(store.rows.markers.size, 0);
});

test('a reload that cuts the writing off loses nothing', async () => {
  const store = new MemoryStore();
  const lesson = twoSeats(20, store);
  const marker = lesson.mark('early', T0 + 3000);
  await lesson.write();
  const [facts] = await store.lessons();
  store.put = async () => {}; // what comes from now on is not written
  lesson.record(answer(T0 + 20_100, [face(1, [100, 100, 80, 90], 'sad')]), SETTINGS);
  lesson.record(answer(T0 + 21_100, [face(1, [100, 100, 80, 90], 'sad')]), SETTINGS);
  lesson.rename(marker, 'late');
  delete store.put;
  const tail = JSON.parse(JSON.stringify(lesson.tail)); // as session storage keeps it
  const again = await Lesson.load(facts, store, SETTINGS, tail);
  assert.deepEqual(again.timeline.seconds.map(({ plain }) => plain), lesson.timeline.seconds.map(({ plain }) => plain));
  assert.equal(again.markers[0].text, 'late');
  assert.equal(again.facts.last.captured_ms, T0 + 21_100);
  await again.write();
  assert.equal((await store.load(facts.id)).seconds.length, lesson.timeline.seconds.length);
});

test('deleting leaves nothing, and nothing comes back by a late write', async () => {
  const store = new MemoryStore();
  const lesson = twoSeats(10, store);
  lesson.mark('x');
  await lesson.remove();
  lesson.record(answer(T0 + 20_000, []), SETTINGS);
  await lesson.write();
  assert.deepEqual(Object.values(store.rows).map(({ size }) => size), [0, 0, 0]);
});

test('an hour fits into the columns of a plot, and shares stay shares', () => {
  const { seconds } = twoSeats(3600).timeline;
  const { bins, step } = gather(seconds, seconds[0].t, seconds.at(-1).t + 1);
  assert.ok(bins.length <= 301 && step === 15);
  for (const { shares } of bins) assert.ok(Math.abs(Object.values(shares).reduce((a, b) => a + b) - 1) < 1e-9);
  assert.equal(bins[0].seats.get(1), 'sad');
});

test('durations in words', () => {
  assert.deepEqual([42, 125, 120, 3780].map(duration), ['42 s', '2 min 5 s', '2 min', '1 h 3 min']);
});
