// Tells a screen reader what changed, in a sentence, not more often than anyone can listen to.

const QUIET_MS = 8000;

export class Announcer {
  #node;
  #saidAt = -Infinity;
  #said = '';

  constructor(root) {
    this.#node = root.querySelector('[data-announce]');
  }

  /** Say `words` if they are new and the last ones have had their time. */
  say(words, now = performance.now()) {
    if (!words || words === this.#said || now - this.#saidAt < QUIET_MS) return;
    this.#said = words;
    this.#saidAt = now;
    this.#node.textContent = words;
  }
}
