// The table of before and after: a row for every word, with both shares as text and as bars.

import { el, percent, setText } from '../live/views/dom.js';
import { before, verdict } from './reading.js';

export class Compare {
  #legend;
  #names;
  #body;
  #verdict;
  #rows = new Map();

  constructor(root, legend) {
    this.#legend = legend;
    this.#names = legend.names;
    this.#body = root.querySelector('[data-compare]');
    this.#verdict = root.querySelector('[data-verdict]');
    this.rest('Start the camera to see how the face in view is read.');
  }

  /** Nothing to compare; `words` say why. */
  rest(words) {
    this.#fill(this.#names, null, null);
    setText(this.#verdict, words);
  }

  /** The `face` of an answer with an embedding; `adapted`: whether its probabilities follow what was taught. */
  show(face, unsureBelow, adapted) {
    const old = before(face, this.#names);
    const now = adapted ? face.raw : null;
    this.#fill(now ? Object.keys(now) : this.#names, old, now);
    const was = verdict(old, unsureBelow);
    const is = now && verdict(now, unsureBelow);
    const parts = [...this.#word(was), ...(is ? [' → ', ...this.#word(is)] : [', as the model alone reads it.'])];
    this.#verdict.replaceChildren(...parts);
  }

  #word({ word, share }) {
    return [el('b', {}, word), ` ${percent(share)}`];
  }

  #fill(names, old, now) {
    const best = (shares) => shares && verdict(shares, 0).word;
    const marked = [best(old), best(now)];
    const rows = names.map((name) => this.#row(name));
    for (const [i, name] of names.entries()) {
      for (const [k, shares] of [old, now].entries()) {
        const { cell, value, meter } = rows[i].cells[k];
        const share = shares?.[name];
        setText(value, share === undefined ? '–' : percent(share));
        meter.style.setProperty('--p', share ?? 0);
        cell.classList.toggle('best', Boolean(shares) && marked[k] === name);
      }
    }
    const nodes = rows.map((row) => row.node);
    if (nodes.length !== this.#body.children.length || nodes.some((node, i) => node !== this.#body.children[i])) {
      this.#body.replaceChildren(...nodes);
    }
  }

  #row(name) {
    let row = this.#rows.get(name);
    if (!row) {
      const { colour } = this.#legend.look(name);
      const cells = [0, 1].map(() => {
        const value = el('span');
        const meter = el('span', { className: 'teach-meter', style: { '--c': colour } });
        return { cell: el('td', {}, value, meter), value, meter };
      });
      row = { node: el('tr', {}, el('th', { scope: 'row' }, name), ...cells.map(({ cell }) => cell)), cells };
      this.#rows.set(name, row);
    }
    return row;
  }
}
