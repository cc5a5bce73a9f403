import assert from 'node:assert/strict';
import { test } from 'node:test';

import { moodAt, presenceAt } from '../../../frontend/live/demo/script.js';

test('the class plays the same in every run, changes smoothly, and loops', () => {
  for (let seat = 0; seat < 25; seat += 1) {
    for (let t = 0; t < 180; t += 0.25) {
      const mood = moodAt(seat, t);
      assert.ok(mood.part >= 0 && mood.part <= 1);
      assert.deepEqual(mood, moodAt(seat, t + 180));
    }
  }
});

test('what should be noticed happens: one seat stays sad, one angry, one stays away', () => {
  for (const t of [10, 60, 140]) assert.equal(moodAt(7, t).from, 'sad');
  for (const t of [20, 100]) assert.equal(moodAt(16, t).from, 'angry');
  assert.equal(presenceAt(19, 50), 0);
  assert.equal(presenceAt(19, 100), 1);
  assert.equal(presenceAt(0, 50), 1);
});
