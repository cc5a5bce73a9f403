// The list of labels to teach: the seven and one's own, each with the number of its shots.

import { el, setText } from '../live/views/dom.js';

export class Labels {
  /** The label that the next shot gets. */
  chosen;
  #list;
  #legend;
  #shots;
  #names;
  #rows = new Map();

  constructor(root, legend, shots) {
    this.#list = root.querySelector('[data-labels]');
    this.#legend = legend;
    this.#shots = shots;
    this.#names = legend.names;
    this.chosen = this.#names[0];
    const form = root.querySelector('[data-own]');
    const problem = root.querySelector('[data-problem]');
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const word = form.elements.word.value.trim();
      const why = shots.name(word);
      setText(problem, why);
      problem.hidden = !why;
      if (why) return;
      form.reset();
      this.#choose(word);
    });
    shots.addEventListener('change', () => this.#show());
    this.#show();
  }

  #show() {
    const names = [...this.#names, ...this.#shots.own];
    if (!names.includes(this.chosen)) this.chosen = names[0];
    for (const name of this.#rows.keys()) {
      if (names.includes(name)) continue;
      this.#rows.get(name).node.remove();
      this.#rows.delete(name);
    }
    for (const name of names) {
      const { node, radio, count, remove } = this.#row(name);
      const shots = this.#shots.count(name);
      setText(count, shots ? `${shots} shot${shots === 1 ? '' : 's'}` : '');
      remove.style.visibility = shots || this.#shots.own.includes(name) ? '' : 'hidden';
      radio.checked = name === this.chosen;
      this.#list.append(node);
    }
  }

  #choose(name) {
    this.chosen = name;
    const { radio } = this.#row(name);
    radio.checked = true;
    radio.focus();
  }

  #row(name) {
    let row = this.#rows.get(name);
    if (!row) {
      const { colour, sign } = this.#legend.look(name);
      const radio = el('input', { type: 'radio', name: 'teach-label', value: name, onchange: () => (this.chosen = name) });
      const count = el('span', { className: 'teach-count' });
      const remove = el('button', { type: 'button', className: 'teach-remove', onclick: () => this.#shots.remove(name), 'aria-label': `Forget ${name}` }, '✕');
      const badge = el('i', { className: 'teach-sign', style: { '--c': colour }, 'aria-hidden': 'true' }, sign);
      const node = el('div', { className: 'teach-label' }, el('label', {}, radio, badge, el('span', {}, name), count), remove);
      row = { node, radio, count, remove };
      this.#rows.set(name, row);
    }
    return row;
  }
}
