// What was taught: labelled embeddings, in this tab alone. No picture is among them.

const KEY = 'moodstream.shots';

/** Events: 'change' after shots or labels came or went. */
export class Shots extends EventTarget {
  /** The model whose embeddings these are; shots of another one replace them. */
  model = null;
  #shots = [];
  #own = [];

  /** `mostShots` of a label, `mostLabels` of one's own; `reserved`: words that are no labels of one's own. */
  constructor({ mostShots, mostLabels, reserved }, storage = globalThis.sessionStorage) {
    super();
    Object.assign(this, { mostShots, mostLabels, reserved, storage });
    const kept = JSON.parse(storage.getItem(KEY) ?? 'null');
    if (kept) [this.model, this.#shots, this.#own] = [kept.model, kept.shots, kept.own];
  }

  /** [{label, embedding}], oldest first. */
  get all() {
    return this.#shots;
  }

  /** Labels of one's own, with or without shots, in the order in which they were added. */
  get own() {
    return this.#own;
  }

  count(label) {
    return this.#shots.filter((shot) => shot.label === label).length;
  }

  /** Add a label of one's own; gives a sentence that says why not, or ''. */
  name(word) {
    const label = word.trim();
    if (!label) return 'Type a word first.';
    const taken = [...this.reserved, ...this.#own].find((one) => one.toLowerCase() === label.toLowerCase());
    if (taken) return `“${taken}” is there already.`;
    if (this.#own.length >= this.mostLabels) return `${this.mostLabels} words of your own are the most.`;
    this.#own.push(label);
    this.#changed();
    return '';
  }

  /** A shot of `model`'s. When a label is full, its oldest shot goes. */
  add(label, embedding, model) {
    if (model !== this.model) this.#shots = [];
    this.model = model;
    if (this.count(label) >= this.mostShots) this.#shots.splice(this.#shots.findIndex((shot) => shot.label === label), 1);
    this.#shots.push({ label, embedding });
    this.#changed();
  }

  /** Take away a label's shots, and the label if it is one's own. */
  remove(label) {
    this.#shots = this.#shots.filter((shot) => shot.label !== label);
    this.#own = this.#own.filter((one) => one !== label);
    this.#changed();
  }

  forget() {
    this.model = null;
    this.#shots = [];
    this.#own = [];
    this.#changed();
  }

  #changed() {
    if (!this.#shots.length) this.model = null;
    if (this.#shots.length || this.#own.length) {
      this.storage.setItem(KEY, JSON.stringify({ model: this.model, shots: this.#shots, own: this.#own }));
    } else {
      this.storage.removeItem(KEY);
    }
    this.dispatchEvent(new Event('change'));
  }
}
