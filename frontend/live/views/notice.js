// One line over the picture that says in words what is wrong or going on.

const WORDS = {
  overloaded: 'Overloaded: many people are using this right now, so some frames are skipped.',
  stale: 'Answers come late right now: some frames are skipped.',
};
/** A refusal is said for at least this long, so that the words do not flicker. */
const HOLD_MS = 1500;
const BRIEF_MS = 6000;

export class Notice {
  #node;
  #refusedAt = -Infinity;
  #briefUntil = -Infinity;

  constructor(node) {
    this.#node = node;
  }

  get text() {
    return this.#node.hidden ? '' : this.#node.textContent;
  }

  /** Say `words` until something else is said; '' says nothing. */
  say(words) {
    if (this.#node.textContent !== words) this.#node.textContent = words;
    this.#node.hidden = !words;
  }

  /** Say `words` for a few seconds, whatever is answered meanwhile. */
  brief(words) {
    this.#briefUntil = Date.now() + BRIEF_MS;
    this.say(words);
    setTimeout(() => this.#node.textContent === words && this.say(''), BRIEF_MS);
  }

  answered({ status, error }) {
    const now = Date.now();
    if (now < this.#briefUntil) return;
    if (status !== 'ok') {
      this.#refusedAt = now;
      this.say(WORDS[status] ?? error?.message ?? 'A frame could not be read.');
    } else if (now - this.#refusedAt > HOLD_MS) {
      this.say('');
    }
  }
}
