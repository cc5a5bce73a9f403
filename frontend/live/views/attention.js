// The list of who may need attention, with the reason in words.

import { el, setText } from './dom.js';

const SHOWN = 6;

/** A list of seats; `onpoint(row or null)` when one is pointed at, `onchoose(row)` when one is chosen. */
export class AttentionList {
  #list;
  #none;
  #items = new Map();
  #more = el('li', { className: 'ms-more' });
  #handlers;

  constructor(root, handlers) {
    this.#list = root.querySelector('[data-attention]');
    this.#none = root.querySelector('[data-attention-none]');
    this.#handlers = handlers;
  }

  show(entries, words) {
    const shown = entries.slice(0, SHOWN);
    for (const [row, item] of this.#items) {
      if (shown.some((entry) => entry.row === row)) continue;
      item.node.remove();
      this.#items.delete(row);
    }
    for (const entry of shown) {
      const item = this.#items.get(entry.row) ?? this.#add(entry.row);
      item.node.dataset.kind = entry.kind;
      setText(item.words, entry.words);
    }
    setText(this.#more, entries.length > SHOWN ? `and ${entries.length - SHOWN} more, in the rows below` : '');
    if (entries.length > SHOWN) this.#list.append(this.#more);
    else this.#more.remove();
    setText(this.#none, entries.length ? '' : words);
  }

  #add(row) {
    const words = el('span', { className: 'ms-reason' });
    const button = el('button', { type: 'button' }, el('b', {}, `Seat ${row}`), words);
    button.addEventListener('click', () => this.#handlers.onchoose(row));
    button.addEventListener('pointerenter', () => this.#handlers.onpoint(row));
    button.addEventListener('focus', () => this.#handlers.onpoint(row));
    for (const end of ['pointerleave', 'blur']) button.addEventListener(end, () => this.#handlers.onpoint(null));
    const item = { node: el('li', {}, button), words };
    this.#list.append(item.node);
    this.#items.set(row, item);
    return item;
  }
}
