import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LEVELS, place } from '../../../frontend/live/labels.js';
import { Motion } from '../../../frontend/live/motion.js';
import { wordOf } from '../../../frontend/live/reading.js';
import { answer, face, T0 } from './made.mjs';

const measure = (text, size) => text.length * size * 0.55;
const rect = ({ x, y, w, h }) => [x, y, w, h];
const overlap = (a, b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];

function gallery(columns, rows, width, height) {
  const [w, h] = [width / columns, height / rows];
  return Array.from({ length: columns * rows }, (_, i) => ({
    box: [(i % columns) * w + w * 0.35, Math.floor(i / columns) * h + h * 0.3, w * 0.3, h * 0.5],
    sign: 'S', row: i + 1, word: 'surprise', confidence: 0.99,
  }));
}

test('one face gets its word and its confidence', () => {
  const [label] = place([{ box: [200, 150, 200, 220], sign: 'H', row: 1, word: 'happy', confidence: 0.914 }], { width: 800, height: 600, measure });
  assert.equal(label.level, 'full');
  assert.deepEqual(label.parts, { sign: 'H', seat: null, word: 'happy', percent: '91 %' });
});

for (const [columns, rows] of [[3, 2], [5, 5], [10, 5]]) {
  test(`labels of ${columns * rows} faces lie on no other label or face, and inside the picture`, () => {
    const size = { width: 960, height: 540 };
    const items = gallery(columns, rows, size.width, size.height);
    const labels = place(items, { ...size, measure });
    labels.forEach((label, i) => {
      assert.ok(label.x >= 0 && label.y >= 0 && label.x + label.w <= size.width && label.y + label.h <= size.height);
      for (let j = 0; j < i; j += 1) assert.ok(!overlap(rect(label), rect(labels[j])), `${i} on ${j}`);
      items.forEach((item, j) => j === i || assert.ok(!overlap(rect(label), item.box), `${i} on face ${j}`));
    });
    assert.equal(new Set(labels.map(({ level }) => level)).size, 1, 'one level of detail for all');
    assert.ok(LEVELS.includes(labels[0].level));
  });
}

test('where there is no room above a small face its sign lies beside it, not over the face below', () => {
  const faces = [6, 60].map((y, i) => ({ box: [30, y, 16, 18], sign: 'S', row: i + 1, word: 'surprise', confidence: 0.9 }));
  const [upper] = place(faces, { width: 200, height: 200, measure });
  assert.equal(upper.level, 'sign');
  assert.equal(upper.y, 6);
});

test('where there is no room above or below a small face its sign lies beside it', () => {
  const size = { width: 200, height: 40 };
  const items = [30, 150].map((x, i) => ({ box: [x, 6, 28, 30], sign: 'S', row: i + 1, word: 'surprise', confidence: 0.9 }));
  for (const label of place(items, { ...size, measure })) {
    assert.equal(label.level, 'sign');
    assert.ok(items.every(({ box }) => !overlap(rect(label), box)));
  }
});

test('text scales with the face, within what can be read', () => {
  const at = (side) => place([{ box: [300, 300, side, side], sign: 'H', row: 1, word: 'happy', confidence: 1 }], { width: 900, height: 900, measure })[0].size;
  assert.ok(at(30) >= 9 && at(30) < at(80) && at(80) < at(110));
  assert.equal(at(300), at(600));
});

test('a box glides to its new place and arrives there', () => {
  const motion = new Motion();
  motion.answer(answer(T0, [face(1, [100, 100, 100, 100])]), [{ ...face(1, [100, 100, 100, 100]), row: 1 }], T0);
  motion.at(T0);
  const next = { ...face(1, [130, 100, 100, 100]), row: 1 };
  motion.answer(answer(T0 + 100, [next]), [next], T0 + 100);
  const left = (at) => motion.at(T0 + at)[0].box[0] * 1000;
  const early = left(110);
  assert.ok(early > 100 && early < 130, String(early));
  for (let t = 120; t < 2000; t += 16) left(t);
  // Carried on by its own speed for a quarter of a second at most.
  assert.ok(left(2000) >= 130 && left(2000) <= 130 + 0.25 * 150 + 1, String(left(2000)));
  assert.equal(motion.lively, false);
});

test('a vanished face fades away; with reduced motion boxes jump', () => {
  const motion = new Motion();
  const one = { ...face(1, [100, 100, 100, 100]), row: 1 };
  motion.answer(answer(T0, [one]), [one], T0);
  motion.answer(answer(T0 + 50, []), [], T0 + 50);
  assert.ok(motion.at(T0 + 100)[0].alpha < 1);
  assert.equal(motion.at(T0 + 300).length, 0);
  const still = new Motion({ still: true });
  still.answer(answer(T0, [one]), [one], T0);
  still.at(T0);
  const next = { ...face(1, [500, 100, 100, 100]), row: 1 };
  still.answer(answer(T0 + 50, [next]), [next], T0 + 50);
  assert.equal(still.at(T0 + 51)[0].box[0], 0.5);
});

test('a word below the confidence asked for is unsure', () => {
  assert.equal(wordOf(face(1, [0, 0, 1, 1], 'happy', 0.7), 0.6), 'happy');
  assert.equal(wordOf(face(1, [0, 0, 1, 1], 'happy', 0.7), 0.8), 'unsure');
  assert.equal(wordOf({ label: null, probabilities: null }), null);
});
