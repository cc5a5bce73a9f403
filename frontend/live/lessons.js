// Which lesson this page shows and writes: found again after a reload, begun anew, opened, deleted.

import { Lesson } from './lesson.js';
import { Store } from './store.js';
import { TabLesson } from './tab.js';

/** Events: 'change' when another lesson is the current one, 'failure' {words} when the browser refuses to keep it. */
export class Lessons extends EventTarget {
  current;
  #store = null;
  #tab = new TabLesson();
  #settings;

  constructor(settings) {
    super();
    this.#settings = settings;
  }

  /** Whether lessons outlive this page. */
  get kept() {
    return this.#store !== null;
  }

  /** Go on with this tab's lesson, or with the last one if it ended a short while ago; else begin one. */
  async open() {
    try {
      this.#store = await Store.open();
    } catch (error) {
      console.warn('this browser keeps no lessons', error);
      this.#use(Lesson.fresh(null));
      return;
    }
    const all = await this.#store.lessons();
    const mine = all.find(({ id }) => id === this.#tab.id);
    const last = all.find((facts) => Lesson.isRecent(facts));
    for (const facts of [mine, last]) if (facts && (await this.show(facts))) return;
    await this.begin();
  }

  /** A new, empty lesson. */
  async begin() {
    const lesson = Lesson.fresh(this.#store);
    await this.#tab.claim(lesson.facts.id);
    await this.#use(lesson);
  }

  /** Open a kept lesson; false if another tab has it. */
  async show(facts) {
    if (!(await this.#tab.claim(facts.id))) return false;
    await this.#use(await Lesson.load(facts, this.#store, this.#settings.values, this.#tab.recall(facts.id)));
    return true;
  }

  /** The other lessons of this browser, newest first. */
  async others() {
    const all = (await this.#store?.lessons()) ?? [];
    return all.filter(({ id }) => id !== this.current.facts.id);
  }

  /** The page goes: what is not written yet must outlive a reload. */
  leave() {
    if (!this.current || !this.kept) return;
    this.#tab.remember(this.current.tail);
    this.current.write();
  }

  async removeCurrent() {
    await this.current.remove();
    await this.begin();
  }

  /** Delete every lesson of this browser, this one too. */
  async removeAll() {
    for (const { id } of await this.others()) await this.#store.remove(id);
    await this.removeCurrent();
  }

  async #use(lesson) {
    await this.current?.write();
    this.current = lesson;
    lesson.onfailure = (error) => {
      console.warn('the lesson could not be kept', error);
      const words = 'This browser refuses to keep the timeline (its storage may be full): take it with you before you leave.';
      this.dispatchEvent(new CustomEvent('failure', { detail: { words } }));
    };
    this.dispatchEvent(new Event('change'));
  }
}
