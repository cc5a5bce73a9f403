// What is shown now, as bars that are the legend of colours and signs as well: one face's probabilities, or the shares.

import { stackOrder } from '../plot.js';
import { wordOf } from '../reading.js';
import { badge, el, percent, setText } from './dom.js';
import { shares } from './shares.js';

export class Now {
  #who;
  #list;
  #legend;
  #rows = new Map();

  constructor(root, legend) {
    this.#who = root.querySelector('[data-panel="who"]');
    this.#list = root.querySelector('[data-panel="bars"]');
    this.#legend = legend;
    this.rest();
  }

  /** No source runs. */
  rest() {
    this.#show('Seven expressions, and unsure', null, null);
  }

  /** `faces` with rows; `group` as in the answer; `row`: the seat chosen by the user, or null. */
  show(faces, group, { view, row, confidence }) {
    const chosen = faces.find((face) => row !== null && face.row === row);
    const one = chosen ?? (faces.length === 1 && view === 'individual' ? faces[0] : null);
    if (one?.probabilities) {
      this.#show(chosen ? `Seat ${chosen.row}, how sure of each` : 'One face, how sure of each', one.probabilities, wordOf(one, confidence), true);
    } else if (view === 'group') {
      const few = `Too few faces for a group: ${group?.faces ?? 0} of at least ${group?.min ?? 5}`;
      this.#show(group?.shares ? `Shares over ${group.faces} faces` : few, group?.shares ?? null, null);
    } else {
      this.#show(faces.length ? `Shares over ${faces.length} faces` : 'No face in view', shares(faces, confidence), null);
    }
  }

  #show(who, values, best, one = false) {
    setText(this.#who, who);
    for (const name of stackOrder(this.#legend.names)) {
      const { node, value } = this.#row(name);
      const share = values?.[name];
      node.style.setProperty('--p', share ?? 0);
      node.classList.toggle('best', name === best);
      // One face's probabilities have no part for doubt: there, doubt is a decision.
      setText(value, !values || (name === 'unsure' && one) ? '' : percent(share ?? 0));
    }
  }

  #row(name) {
    let row = this.#rows.get(name);
    if (!row) {
      const look = this.#legend.look(name);
      const value = el('span', { className: 'ms-value' });
      const node = el('li', { style: { '--c': look.colour } }, badge(look), el('span', {}, name), value, el('span', { className: 'ms-meter' }));
      this.#list.append(node);
      row = { node, value };
      this.#rows.set(name, row);
    }
    return row;
  }
}
