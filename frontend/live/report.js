// The one-page report: the lesson's numbers filled into report.html.

import { duration } from './attention.js';
import { gather, mostOf } from './bins.js';
import { clock, escape, stackOrder, stackSvg, stripSvg } from './plot.js';
import { sharesOf } from './timeline.js';

/** `template`: the text of report.html. */
export function report(template, lesson, legend) {
  const { facts, markers, timeline } = lesson;
  const { seconds } = timeline;
  const [from, to] = [seconds[0].t, seconds.at(-1).t + 1];
  const gathered = gather(seconds, from, to);
  const shares = meanShares(seconds);
  const day = new Date(from * 1000);
  const date = day.toLocaleDateString(undefined, { dateStyle: 'long' });
  const sure = shares && Object.fromEntries(Object.entries(shares).filter(([name]) => name !== 'unsure'));
  const most = sure && mostOf(sure);
  const plain = {
    date,
    when: `${date}, ${clock(from * 1000)}–${clock(to * 1000)}`,
    duration: duration(to - from),
    faces: Math.round(Math.max(...seconds.map((second) => second.faces))),
    most: most ? `${most}, ${percent(shares[most])}` : 'too few faces',
    unsure: shares ? percent(shares.unsure ?? 0) : '–',
    model: facts.model ?? '–',
    detector: facts.detector ?? '–',
  };
  const markup = {
    plot: stackSvg(gathered, {
      width: 700, height: 250, legend, markers, ink: '#17212b', faint: '#dde4e8', accent: '#0f766e', font: 'sans-serif',
    }),
    key: stackOrder(legend.names).map((name) => keyItem(legend.look(name), shares?.[name] ?? 0)).join(''),
    markers: markers.length
      ? `<section><h2>Markers</h2><ol>${markers.map(({ atMs, text }) => `<li>${clock(atMs)} ${escape(text)}</li>`).join('')}</ol></section>`
      : '',
    seats: seatTable(timeline, gathered, legend),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => (name in markup ? markup[name] : escape(plain[name])));
}

/** Means of the shares over the seconds that have some; null if none has. */
export function meanShares(seconds) {
  const sums = {};
  let count = 0;
  for (const second of seconds) {
    const shares = sharesOf(second);
    if (!shares) continue;
    count += 1;
    for (const [name, share] of Object.entries(shares)) sums[name] = (sums[name] ?? 0) + share;
  }
  return count ? Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])) : null;
}

const percent = (share) => `${Math.round(share * 100)} %`;

const keyItem = ({ name, colour, sign }, share) =>
  `<li><i style="background:${colour}">${escape(sign)}</i>${escape(name)} ${percent(share)}</li>`;

function seatTable({ seconds, rows }, gathered, legend) {
  if (!rows.length) return '';
  const lines = rows.map((row) => {
    const counts = {};
    let seen = 0;
    for (const second of seconds) {
      const label = second.seats.get(row)?.label;
      if (!label) continue;
      seen += 1;
      counts[label] = (counts[label] ?? 0) + 1;
    }
    const most = mostOf(counts);
    return (
      `<tr><td>${row}</td><td>${escape(most)}, ${percent(counts[most] / seen)}</td>` +
      `<td>${percent(seen / seconds.length)}</td><td class="strip">${stripSvg(gathered, row, legend)}</td></tr>`
    );
  });
  return (
    '<section><h2>Seats</h2><table><thead><tr><th>Seat</th><th>Most often</th><th>In view</th><th>Over time</th></tr></thead>' +
    `<tbody>${lines.join('')}</tbody></table></section>`
  );
}
