// The summary in a small window that stays on top of everything (Document Picture-in-Picture), for whoever looks at the
// call and not at this page.

import { badge, el, percent, setText } from './dom.js';

const STYLE = new URL('../small.css', import.meta.url);
const SIZE = { width: 320, height: 250 };
const MOST_WORDS = 4;
const MOST_SEATS = 3;

export const smallWindowWorks = () => 'documentPictureInPicture' in window;

/** Event 'toggle' when the window was opened or closed. */
export class SmallWindow extends EventTarget {
  #legend;
  #onmark;
  #window = null;
  #nodes = null;

  constructor({ legend, onmark }) {
    super();
    this.#legend = legend;
    this.#onmark = onmark;
  }

  get open() {
    return this.#window !== null;
  }

  /** Open or close; needs the user's click. */
  async toggle() {
    if (this.#window) {
      this.#window.close();
      return;
    }
    this.#window = await window.documentPictureInPicture.requestWindow(SIZE);
    const { document: page } = this.#window;
    page.title = 'Moodstream';
    page.documentElement.lang = 'en';
    page.documentElement.classList.toggle('dark', document.body.classList.contains('dark'));
    page.head.append(el('link', { rel: 'stylesheet', href: STYLE.href }));
    this.#nodes = {
      seen: el('b'), state: el('span', { className: 'state' }), bar: el('div', { className: 'bar', 'aria-hidden': 'true' }),
      words: el('ul', { className: 'words' }), seats: el('ul', { className: 'seats' }),
    };
    const mark = el('button', { type: 'button' }, 'Drop a marker');
    mark.addEventListener('click', () => {
      this.#onmark();
      setText(mark, 'Marked');
      setTimeout(() => setText(mark, 'Drop a marker'), 1500);
    });
    const { seen, state, bar, words, seats } = this.#nodes;
    page.body.append(el('header', {}, seen, state), bar, words, seats, mark);
    this.#window.addEventListener('pagehide', () => {
      this.#window = this.#nodes = null;
      this.dispatchEvent(new Event('toggle'));
    });
    this.dispatchEvent(new Event('toggle'));
  }

  /** `trouble`: what the page says over its picture; the rest as the board sums it up. */
  show({ running, view, seen, min, shares, attention, trouble }) {
    if (!this.#nodes) return;
    const nodes = this.#nodes;
    setText(nodes.seen, running ? `${seen} face${seen === 1 ? '' : 's'}` : 'Stopped');
    setText(nodes.state, trouble || (view === 'group' ? 'group' : ''));
    const parts = Object.entries(shares ?? {}).filter(([, share]) => share >= 0.005).sort(([, a], [, b]) => b - a);
    nodes.bar.replaceChildren(
      ...parts.map(([name, share]) => el('i', { className: name === 'unsure' ? 'doubt' : '', style: { '--c': this.#legend.look(name).colour, 'flex-grow': share } })),
    );
    nodes.words.replaceChildren(...parts.slice(0, MOST_WORDS).map(([name, share]) => el('li', {}, badge(this.#legend.look(name)), ` ${name} `, el('b', {}, percent(share)))));
    const calm = shares || !running ? [] : [view === 'group' ? `Too few faces for a group (at least ${min ?? 5})` : 'No face in view'];
    const lines = attention.slice(0, MOST_SEATS).map(({ row, words }) => el('li', {}, el('b', {}, `Seat ${row}`), ` ${words}`));
    const more = attention.length > MOST_SEATS ? [`and ${attention.length - MOST_SEATS} more`] : [];
    nodes.seats.replaceChildren(...lines, ...[...calm, ...more].map((text) => el('li', {}, text)));
  }
}
