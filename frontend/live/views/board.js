// Everything beside and below the picture: what is shown now, who may need attention, the lesson, its seats.

import { duration } from '../attention.js';
import { confidenceOf, wordOf } from '../reading.js';
import { Announcer } from './announcer.js';
import { AttentionList } from './attention.js';
import { setText } from './dom.js';
import { History } from './history.js';
import { Now } from './now.js';
import { Rows } from './rows.js';
import { inWords, shares } from './shares.js';

/** The bars follow the answers, but no quicker than an eye can. */
const NOW_EVERY_MS = 120;

export class Board {
  /** What a small window shows as well: {running, view, faces, shares, attention}. */
  summary = null;
  #root;
  #settings;
  #overlay;
  #announcer;
  #now;
  #attention;
  #history;
  #rows;
  #seen;
  #seenNote;
  #lesson = null;
  #latest = { faces: [], group: null, view: 'individual' };
  #chosen = null;
  #nowShownMs = 0;

  constructor(root, { legend, settings, overlay }) {
    this.#root = root;
    this.#settings = settings;
    this.#overlay = overlay;
    const handlers = { onpoint: (row) => this.#point(row), onchoose: (row) => this.#choose(row) };
    this.#announcer = new Announcer(root);
    this.#now = new Now(root, legend);
    this.#attention = new AttentionList(root, handlers);
    this.#rows = new Rows(root, legend, handlers);
    this.#history = new History(root, legend, {
      onrename: (marker, text) => this.#lesson.rename(marker, text),
      onunmark: (marker) => {
        this.#lesson.unmark(marker);
        this.refresh();
      },
    });
    this.#seen = root.querySelector('[data-seen]');
    this.#seenNote = root.querySelector('[data-seen-note]');
  }

  set lesson(lesson) {
    this.#lesson = lesson;
    this.#chosen = null;
    this.refresh();
  }

  /** An answer came: its faces with their rows. */
  answer(answer, faces) {
    this.#latest = { faces, group: answer.group, view: answer.view ?? 'individual' };
    this.running = true;
    const now = performance.now();
    if (now - this.#nowShownMs < NOW_EVERY_MS || document.hidden) return;
    this.#nowShownMs = now;
    this.#showNow();
  }

  /** No labels are on the screen: the source has ended or answers stay away. */
  rest(running) {
    this.#latest = { ...this.#latest, faces: [], group: null };
    this.running = running;
    if (running) this.#showNow();
    else this.#now.rest();
    this.refresh();
  }

  running = false;

  /** Once a second, and when something was changed by the user. */
  refresh() {
    const lesson = this.#lesson;
    if (!lesson) return;
    const { attention, confidence, view, range } = this.#settings.values;
    const { faces, group } = this.#latest;
    const entries = lesson.attention.list(attention);
    const now = group?.shares ?? (this.#latest.view === 'individual' ? shares(faces, confidence) : null);
    const seen = group?.faces ?? faces.length;
    this.summary = { running: this.running, view, seen, min: group?.min, shares: now, attention: view === 'individual' ? entries : [] };
    this.#announce(entries);
    if (document.hidden) return;
    this.#attention.show(entries, quiet(lesson, attention));
    setText(this.#seen, this.running ? String(seen) : '–');
    setText(this.#seenNote, this.running ? 'within the last two seconds' : 'Nothing is being read.');
    const gathered = this.#history.show(lesson, range, this.running);
    const flagged = new Set(entries.map(({ row }) => row));
    if (gathered) this.#rows.show(this.#seats(lesson), gathered, { flagged, chosen: this.#chosen });
  }

  editMarker(marker) {
    this.refresh();
    this.#history.edit(marker);
  }

  #showNow() {
    const { confidence } = this.#settings.values;
    const { faces, group, view } = this.#latest;
    this.#now.show(faces, group, { view, row: this.#chosen, confidence });
  }

  /** The seats of the lesson's present source while it runs; of the whole lesson afterwards. */
  #seats(lesson) {
    const { confidence } = this.#settings.values;
    const present = new Map(this.#latest.faces.map((face) => [face.row, face]));
    const rows = this.running ? lesson.seats.settled : lesson.timeline.rows;
    return rows.map((row) => {
      const face = present.get(row);
      const awayS = lesson.attention.awayFor(row);
      const away = !this.running ? 'ended' : awayS ? `away ${duration(awayS)}` : 'away';
      return { row, word: face ? wordOf(face, confidence) : null, confidence: face ? confidenceOf(face) : 0, away };
    });
  }

  #announce([first]) {
    const { faces, group } = this.#latest;
    if (!this.running) return;
    const { confidence } = this.#settings.values;
    const now = group?.shares && this.#latest.view === 'group' ? group.shares : shares(faces, confidence);
    const words = now ? inWords(now) : '';
    this.#announcer.say([words && `${faces.length === 1 ? 'One face' : `${faces.length} faces`}: ${words}.`, first && `Seat ${first.row}: ${first.words}.`].filter(Boolean).join(' '));
  }

  #point(row) {
    this.#overlay.pointed = row ?? this.#chosen;
    this.#overlay.redraw();
  }

  #choose(row) {
    this.#chosen = this.#chosen === row ? null : row;
    this.#point(null);
    if (this.running) this.#showNow();
    this.refresh();
  }
}

function quiet(lesson, seconds) {
  if (lesson.facts.view === 'group') return '';
  return lesson.timeline.seconds.length
    ? `Nobody: no expression has been negative and no face away for more than ${duration(seconds)}.`
    : `Seats whose expression stays negative, or whose face stays away, for more than ${duration(seconds)} are named here.`;
}
