// The timeline as one tidy table: a row for the group and one for each seat, every second.

import { sharesOf } from './timeline.js';

/** Columns for a lesson: [{name, type, data}]; types as Parquet names them, null where a cell has no value. */
export function columns({ timeline, markers }, names) {
  const rows = timeline.seconds.flatMap((second) => [
    groupRow(second, markers.filter(({ atMs }) => Math.floor(atMs / 1000) === second.t)),
    ...[...second.seats].sort(([a], [b]) => a - b).map(([row, seat]) => seatRow(second, row, seat)),
  ]);
  const first = timeline.seconds[0]?.t ?? 0;
  const column = (name, type, read) => ({ name, type, data: rows.map(read) });
  return [
    column('time', 'TIMESTAMP', (row) => new Date(row.t * 1000)),
    column('elapsed_s', 'INT32', (row) => row.t - first),
    column('scope', 'STRING', (row) => row.scope),
    column('seat', 'INT32', (row) => row.seat),
    column('expression', 'STRING', (row) => row.expression),
    column('confidence', 'DOUBLE', (row) => row.confidence),
    ...names.map((name) => column(name, 'DOUBLE', (row) => rounded(row.values?.[name]))),
    column('unsure', 'DOUBLE', (row) => rounded(row.values?.unsure)),
    column('faces', 'DOUBLE', (row) => row.faces),
    column('frames', 'INT32', (row) => row.frames),
    column('marker', 'STRING', (row) => row.marker),
  ];
}

/** RFC 4180, with a dot for decimals whatever the country: what pandas and R read without asking. */
export function csv(table) {
  const head = table.map(({ name }) => cell(name)).join(',');
  const lines = (table[0]?.data ?? []).map((_, i) => table.map(({ data }) => cell(data[i])).join(','));
  return `${[head, ...lines].join('\r\n')}\r\n`;
}

/** The lesson as one document: what was asked, the markers, and the same rows as objects. */
export function json({ facts, markers }, table) {
  const rows = table[0].data.map((_, i) => Object.fromEntries(table.map(({ name, data }) => [name, data[i]])));
  const { startedMs, endedMs, source, model, detector } = facts;
  return {
    moodstream: 1,
    started: new Date(startedMs),
    ended: new Date(endedMs),
    source,
    model,
    detector,
    note: 'Expressions are what faces show, not what people feel.',
    markers: markers.map(({ atMs, text }) => ({ time: new Date(atMs), text })),
    rows,
  };
}

function groupRow(second, markers) {
  return {
    t: second.t,
    scope: 'group',
    seat: null,
    expression: null,
    confidence: null,
    values: sharesOf(second),
    faces: rounded(second.faces),
    frames: second.frames,
    marker: markers.length ? markers.map(({ text }) => text).join('; ') : null,
  };
}

function seatRow(second, seat, { label, probabilities, frames }) {
  return {
    t: second.t,
    scope: 'seat',
    seat,
    expression: label,
    confidence: rounded(Math.max(...Object.values(probabilities))),
    values: probabilities,
    faces: null,
    frames,
    marker: null,
  };
}

const rounded = (value) => (value === undefined || value === null ? null : Math.round(value * 1e4) / 1e4);

function cell(value) {
  if (value === null || value === undefined) return '';
  const text = value instanceof Date ? value.toISOString() : String(value);
  // A word that a spreadsheet would take for a formula stays a word.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
