import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { gather } from '../../../frontend/live/bins.js';
import { stackSvg } from '../../../frontend/live/plot.js';
import { report } from '../../../frontend/live/report.js';
import { columns, csv, json } from '../../../frontend/live/table.js';
import { parquetWriteBuffer } from '../../../frontend/live/vendor/parquet.min.js';
import { legend, T0, twoSeats, WORDS } from './made.mjs';
import { parquetReadObjects } from './vendor/parquet-reader.min.js';

const lessonWithMarker = (text) => {
  const lesson = twoSeats(45);
  lesson.mark(text, T0 + 7300);
  return lesson;
};
const rowsOf = (table) => table[0].data.map((_, i) => Object.fromEntries(table.map(({ name, data }) => [name, data[i]])));

test('the table has a row for the group and for each seat of every second', () => {
  const rows = rowsOf(columns(lessonWithMarker('fractions'), WORDS));
  assert.equal(rows.length, 45 + 45 + 40);
  assert.deepEqual(rows.slice(0, 3).map(({ scope, seat, expression }) => [scope, seat, expression]), [['group', null, null], ['seat', 1, 'sad'], ['seat', 2, 'happy']]);
  assert.deepEqual([rows[0].happy, rows[0].sad, rows[0].faces, rows[0].frames], [0.5, 0.5, 2, 2]);
  assert.equal(rows[2].confidence, 0.9);
  assert.deepEqual(rows.filter(({ marker }) => marker).map(({ elapsed_s, scope, marker }) => [elapsed_s, scope, marker]), [[7, 'group', 'fractions']]);
});

test('CSV is quoted, and no marker becomes a formula', () => {
  const lines = csv(columns(lessonWithMarker('=HYPERLINK("x"), or not'), WORDS)).split('\r\n');
  assert.equal(lines[0].split(',')[0], 'time');
  assert.equal(lines.length, 1 + 130 + 1);
  assert.ok(lines.some((line) => line.endsWith(`,"'=HYPERLINK(""x""), or not"`)));
  assert.ok(lines[1].startsWith('2027-01-15T08:00:00.000Z,0,group,,,'));
});

test('Parquet read back is the table', async () => {
  const table = columns(lessonWithMarker('ä, 分数'), WORDS);
  const file = parquetWriteBuffer({ columnData: table.map((column) => ({ ...column, nullable: true })) });
  const plain = (rows) => rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value instanceof Date ? value.getTime() : typeof value === 'bigint' ? Number(value) : (value ?? null)])));
  assert.deepEqual(plain(await parquetReadObjects({ file })), plain(rowsOf(table)));
});

test('JSON holds the same, with what was read by what', () => {
  const lesson = lessonWithMarker('fractions');
  const document = JSON.parse(JSON.stringify(json(lesson, columns(lesson, WORDS))));
  assert.equal(document.rows.length, 130);
  assert.deepEqual(document.markers, [{ time: '2027-01-15T08:00:07.300Z', text: 'fractions' }]);
  assert.deepEqual([document.model, document.detector], ['m', 'd']);
});

test('the report has its numbers, nothing unfilled, no picture, and takes no text for markup', () => {
  const template = readFileSync(new URL('../../../frontend/live/report.html', import.meta.url), 'utf8');
  const html = report(template, lessonWithMarker('<script>alert(1)</script>'), legend());
  assert.ok(!html.includes('{{') && !html.includes('undefined') && !html.includes('NaN'));
  assert.ok(!/<(img|script|image|canvas)\b/i.test(html) && !html.includes('data:image') && !/https?:\/\/(?!www\.w3\.org)/.test(html));
  assert.ok(html.includes('&lt;script&gt;'));
  assert.match(html, /<td>1<\/td><td>sad, 100 %<\/td><td>100 %<\/td>/);
  assert.match(html, /<td>2<\/td><td>happy, 100 %<\/td><td>89 %<\/td>/);
});

test('the plot’s areas are as high as the shares', () => {
  const { seconds } = twoSeats(30).timeline;
  const svg = stackSvg(gather(seconds, seconds[0].t, seconds.at(-1).t + 1), { width: 700, height: 300, legend: legend(), markers: [], ink: '#000', faint: '#ccc', accent: '#080' });
  const heights = Object.fromEntries([...svg.matchAll(/<path d="M[\d.]+ [\d.]+H[\d.]+v([\d.]+)[^"]*" fill="[^"]+" data-word="(\w+)"/g)].map(([, h, word]) => [word, Number(h)]));
  assert.deepEqual(Object.keys(heights).sort(), ['happy', 'sad']);
  assert.ok(Math.abs(heights.happy - heights.sad) < 0.1 && heights.happy > 50);
});
