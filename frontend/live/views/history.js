// The lesson below the picture: stacked timeline, markers and facts.

import { duration } from '../attention.js';
import { gather } from '../bins.js';
import { clock, stackOrder, stackSvg } from '../plot.js';
import { meanShares } from '../report.js';
import { el, percent, setText } from './dom.js';

const HEIGHT = 230;
const LEAST_S = 60;

export class History {
  #root;
  #nodes;
  #legend;
  #handlers;
  #shownMarkers = '';

  /** `onrename(marker, text)`, `onunmark(marker)`. */
  constructor(root, legend, handlers) {
    this.#root = root;
    this.#legend = legend;
    this.#handlers = handlers;
    this.#nodes = Object.fromEntries([...root.querySelectorAll('[data-lesson]')].map((node) => [node.dataset.lesson, node]));
  }

  /** Draw the last `range` seconds, or all for 0. Gives what was gathered, for the rows. */
  show(lesson, range, running) {
    const { seconds } = lesson.timeline;
    this.#root.querySelector('.ms-lesson').classList.toggle('empty', lesson.empty);
    this.#showMarkers(lesson);
    if (!seconds.length) return null;
    const end = running ? Math.floor(Date.now() / 1000) + 1 : seconds.at(-1).t + 1;
    const begin = seconds[0].t;
    const from = range ? Math.max(end - range, Math.min(begin, end - LEAST_S)) : Math.min(begin, end - LEAST_S);
    const gathered = gather(lesson.timeline.since(from), from, end);
    const width = this.#nodes.plot.clientWidth;
    if (width) {
      const style = getComputedStyle(this.#nodes.plot);
      const colour = (name) => style.getPropertyValue(name).trim();
      this.#nodes.plot.innerHTML = stackSvg(gathered, {
        width, height: HEIGHT, legend: this.#legend, markers: lesson.markers, font: style.fontFamily,
        ink: colour('--body-text-color'), faint: colour('--border-color-primary'), accent: colour('--color-accent'),
      });
    }
    const recent = meanShares(gathered.bins.map(({ shares }) => ({ shares, seats: new Map() })));
    this.#nodes.plot.setAttribute('aria-label', description(recent, this.#legend, end - from));
    setText(this.#nodes.facts, facts(lesson));
    return gathered;
  }

  /** Put the cursor into a marker's text. */
  edit(marker) {
    this.#nodes.markers.querySelector(`[data-id="${marker.id}"] input`)?.select();
  }

  #showMarkers({ markers, facts: { id } }) {
    const key = `${id} ${markers.map((marker) => marker.id)}`;
    if (key === this.#shownMarkers) return; // typing into one must not be disturbed
    this.#shownMarkers = key;
    this.#nodes.markers.replaceChildren(...markers.map((marker, i) => this.#marker(marker, i + 1)));
  }

  #marker(marker, number) {
    const text = el('input', { type: 'text', value: marker.text, maxLength: 120, placeholder: 'What happened?', 'aria-label': `Text of marker ${number}` });
    text.addEventListener('input', () => this.#handlers.onrename(marker, text.value));
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'Escape') text.blur();
    });
    const remove = el('button', { type: 'button', className: 'ms-quiet', 'aria-label': `Remove marker ${number}` }, '✕');
    remove.addEventListener('click', () => this.#handlers.onunmark(marker));
    return el('li', { data: { id: marker.id } }, el('b', {}, String(number)), el('time', {}, clock(marker.atMs)), text, remove);
  }
}

function facts({ timeline, facts: { startedMs } }) {
  const { seconds } = timeline;
  const seen = Math.round(Math.max(...seconds.map((second) => second.faces)));
  const took = duration(seconds.at(-1).t + 1 - seconds[0].t);
  const day = new Date(startedMs).toLocaleDateString(undefined, { day: 'numeric', month: 'long' });
  return `${day}, ${clock(seconds[0].t * 1000)} · ${took} · up to ${seen} face${seen === 1 ? '' : 's'} · in this browser only`;
}

function description(shares, legend, seconds) {
  if (!shares) return `Timeline of the last ${duration(seconds)}: no shares yet.`;
  const words = stackOrder(legend.names)
    .filter((name) => shares[name] >= 0.005)
    .sort((a, b) => shares[b] - shares[a])
    .map((name) => `${name} ${percent(shares[name])}`);
  return `Shares over the last ${duration(seconds)}: ${words.join(', ')}.`;
}
