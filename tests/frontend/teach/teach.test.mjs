import assert from 'node:assert/strict';
import { test } from 'node:test';
import { before, largest, verdict } from '../../../frontend/teach/reading.js';
import { Shots } from '../../../frontend/teach/shots.js';

const LIMITS = { mostShots: 3, mostLabels: 2, reserved: ['happy', 'unsure'] };

class Storage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => this.set(key, value);
  removeItem = (key) => this.delete(key);
}

test('shots outlive a reload of the tab, and forgetting leaves nothing', () => {
  const storage = new Storage();
  const shots = new Shots(LIMITS, storage);
  assert.equal(shots.name(' confused '), '');
  shots.add('confused', [1, 2], 'm');
  shots.add('happy', [3, 4], 'm');
  const again = new Shots(LIMITS, storage);
  assert.deepEqual(again.all, [{ label: 'confused', embedding: [1, 2] }, { label: 'happy', embedding: [3, 4] }]);
  assert.deepEqual([again.own, again.model, again.count('happy')], [['confused'], 'm', 1]);
  again.forget();
  assert.deepEqual([again.all, again.own, again.model, storage.size], [[], [], null, 0]);
});

test('a full label loses its oldest shot, and the shots of another model go', () => {
  const shots = new Shots(LIMITS, new Storage());
  for (const value of [1, 2, 3, 4]) shots.add('happy', [value], 'm');
  assert.deepEqual(shots.all.map(({ embedding }) => embedding[0]), [2, 3, 4]);
  shots.add('happy', [5], 'another');
  assert.deepEqual([shots.all.length, shots.model], [1, 'another']);
});

test('words of one’s own are new, not empty, and not too many', () => {
  const shots = new Shots(LIMITS, new Storage());
  let changes = 0;
  shots.addEventListener('change', () => (changes += 1));
  assert.match(shots.name('  '), /Type a word/);
  assert.match(shots.name('Happy'), /“happy” is there already/);
  assert.equal(shots.name('bored'), '');
  assert.match(shots.name('BORED'), /there already/);
  assert.equal(shots.name('confused'), '');
  assert.match(shots.name('third'), /2 words of your own are the most/);
  assert.equal(changes, 2);
  shots.add('bored', [1], 'm');
  shots.remove('bored');
  assert.deepEqual([shots.own, shots.all, shots.model], [['confused'], [], null]);
});

test('the largest face is taught, and read by the model alone from its embedding', () => {
  const faces = [[0, 0, 5, 5], [9, 9, 8, 8], [0, 0, 6, 6]].map((box) => ({ box }));
  assert.equal(largest(faces), faces[1]);
  assert.equal(largest([]), null);
  const shares = before({ embedding: [Math.log(0.7), Math.log(0.3), 4, 4] }, ['happy', 'sad']);
  assert.ok(Math.abs(shares.happy - 0.7) < 1e-9 && Object.keys(shares).length === 2);
  assert.equal(verdict(shares, 0.5).word, 'happy');
  assert.equal(verdict(shares, 0.8).word, 'unsure');
});
