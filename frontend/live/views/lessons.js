// The buttons of the lesson: markers, taking it home, earlier lessons, deleting.

import { duration } from '../attention.js';
import { clock } from '../plot.js';
import { download, make } from '../takeaway.js';
import { el } from './dom.js';

const REPORT = new URL('../report.html', import.meta.url);

export class LessonTools {
  #root;
  #lessons;
  #legend;
  #board;
  #say;
  #live;

  /** `live()`: whether a source runs; `say(words)`: tell the user something for a moment. */
  constructor(root, { lessons, legend, settings, board, say, live }) {
    this.#root = root;
    this.#lessons = lessons;
    this.#legend = legend;
    this.#board = board;
    this.#say = say;
    this.#live = live;
    const act = (name) => root.querySelector(`[data-act="${name}"]`);
    act('mark').addEventListener('click', () => this.mark());
    act('range').value = String(settings.values.range);
    act('range').addEventListener('change', ({ target }) => {
      settings.set('range', Number(target.value));
      board.refresh();
    });
    act('lesson-new').addEventListener('click', () => this.#close(() => lessons.begin()));
    act('lesson-delete').addEventListener('click', () => this.#askDelete());
    for (const button of root.querySelectorAll('[data-take]')) {
      button.addEventListener('click', () => this.#close(() => this.#take(button.dataset.take)));
    }
    this.#closeMenusFromOutside();
    root.querySelector('[data-earlier-menu]').addEventListener('toggle', ({ target }) => target.open && this.#list());
    addEventListener('keydown', (event) => {
      if (event.key.toLowerCase() !== 'm' || !settings.values.key || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (!live() || event.target.closest?.('input, textarea, select, [contenteditable]') || !root.checkVisibility?.()) return;
      event.preventDefault();
      this.mark();
    });
  }

  /** Drop a marker now; its text can be typed at once. */
  mark() {
    const marker = this.#lessons.current.mark('');
    this.#board.editMarker(marker);
    return marker;
  }

  async #take(kind) {
    const lesson = this.#lessons.current;
    if (!lesson.timeline.seconds.length) {
      this.#say('There is nothing to take yet: the timeline begins with the first answer.');
      return;
    }
    const template = kind === 'html' ? (await fetch(REPORT)).text() : null;
    download(await make(kind, lesson, this.#legend, template));
  }

  async #list() {
    const earlier = await this.#lessons.others();
    const list = this.#root.querySelector('[data-lesson="earlier"]');
    const note = this.#root.querySelector('[data-lesson="earlier-note"]');
    note.textContent = !this.#lessons.kept
      ? 'This browser keeps no lessons (a private window?): take this one with you before you leave.'
      : earlier.length
        ? this.#live() ? 'Kept in this browser (stop to open one):' : 'Kept in this browser:'
        : 'No other lesson is kept in this browser.';
    list.replaceChildren(
      ...earlier.map((facts) => {
        const button = el('button', { type: 'button', disabled: this.#live() }, title(facts), el('small', {}, length(facts)));
        button.addEventListener('click', () =>
          this.#close(async () => {
            if (!(await this.#lessons.show(facts))) this.#say('Another tab has this lesson open.');
          }),
        );
        return button;
      }),
    );
  }

  async #askDelete() {
    const dialog = this.#root.querySelector('[data-dialog="delete"]');
    const all = dialog.querySelector('[value="all"]');
    const others = (await this.#lessons.others()).length;
    all.hidden = !others;
    all.textContent = `Delete all ${others + 1} lessons`;
    dialog.returnValue = 'no';
    dialog.showModal();
    await new Promise((done) => dialog.addEventListener('close', done, { once: true }));
    if (dialog.returnValue === 'yes') await this.#lessons.removeCurrent();
    if (dialog.returnValue === 'all') await this.#lessons.removeAll();
  }

  #closeMenusFromOutside() {
    const menus = [...this.#root.querySelectorAll('[data-menu]')];
    document.addEventListener('pointerdown', ({ target }) => {
      for (const menu of menus) if (!menu.contains(target)) menu.open = false;
    });
    for (const menu of menus) {
      menu.addEventListener('keydown', ({ key }) => {
        if (key !== 'Escape') return;
        menu.open = false;
        menu.querySelector('summary').focus();
      });
    }
  }

  #close(then) {
    for (const menu of this.#root.querySelectorAll('[data-menu]')) menu.open = false;
    then();
  }
}

const title = ({ startedMs }) => `${new Date(startedMs).toLocaleDateString(undefined, { day: 'numeric', month: 'short' })}, ${clock(startedMs)}`;
const length = ({ startedMs, endedMs }) => duration(Math.max(1, Math.round((endedMs - startedMs) / 1000)));
