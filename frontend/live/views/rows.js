// A row for every seat: what it shows now, how sure, and its own timeline along the lesson's.

import { stripSvg } from '../plot.js';
import { badge, el, percent, setText } from './dom.js';

export class Rows {
  #list;
  #note;
  #legend;
  #handlers;
  #rows = new Map();

  constructor(root, legend, handlers) {
    this.#list = root.querySelector('[data-rows]');
    this.#note = root.querySelector('[data-rows-note]');
    this.#legend = legend;
    this.#handlers = handlers;
  }

  /**
   * `seats`: [{row, word, confidence, away}] in order, `word` null for an absent one; `gathered` from bins.js;
   * `flagged`: rows that may need attention; `chosen`: the row that is shown in detail.
   */
  show(seats, gathered, { flagged, chosen }) {
    for (const [row, { node }] of this.#rows) {
      if (seats.some((seat) => seat.row === row)) continue;
      node.remove();
      this.#rows.delete(row);
    }
    for (const seat of seats) {
      const row = this.#rows.get(seat.row) ?? this.#add(seat.row, seats);
      if (row.word !== seat.word) {
        row.word = seat.word;
        row.badge.replaceChildren(seat.word ? badge(this.#legend.look(seat.word)) : el('i', { className: 'ms-badge ms-away' }, '–'));
      }
      setText(row.words, seat.word ?? seat.away);
      setText(row.sure, seat.word ? percent(seat.confidence) : '');
      row.node.classList.toggle('away', !seat.word);
      row.node.classList.toggle('flagged', flagged.has(seat.row));
      row.button.setAttribute('aria-pressed', String(seat.row === chosen));
      row.strip.innerHTML = stripSvg(gathered, seat.row, this.#legend); // numbers and colours of ours only
    }
    setText(this.#note, seats.length ? 'Choose a seat to see it in detail and find its face.' : 'A row for every face, once there is one.');
  }

  #add(row) {
    const [place, words, sure, strip] = ['ms-place', 'ms-word', 'ms-sure', 'ms-strip'].map((className) => el('span', { className }));
    const name = el('span', { className: 'ms-seat' }, `Seat ${row}`);
    const button = el('button', { type: 'button', 'aria-pressed': 'false' }, place, name, words, sure);
    button.addEventListener('click', () => this.#handlers.onchoose(row));
    const node = el('li', { data: { row } }, button, strip);
    node.addEventListener('pointerenter', () => this.#handlers.onpoint(row));
    node.addEventListener('pointerleave', () => this.#handlers.onpoint(null));
    button.addEventListener('focus', () => this.#handlers.onpoint(row));
    button.addEventListener('blur', () => this.#handlers.onpoint(null));
    const after = [...this.#rows.keys()].filter((other) => other < row).sort((a, b) => b - a)[0];
    if (after === undefined) this.#list.prepend(node);
    else this.#rows.get(after).node.after(node);
    const made = { node, button, badge: place, words, sure, strip, word: undefined };
    this.#rows.set(row, made);
    return made;
  }
}
