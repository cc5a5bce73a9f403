// The small numbers in the corner: answers a second, how long an answer takes, and, when it matters, how old the labels are.

const WINDOW_MS = 2000;
/** Below this age labels belong to what is seen; above it, the age is said. */
const OLD_MS = 300;

export class Meter {
  #answers = [];
  #shownMs = null;
  #fields;

  constructor(root) {
    this.#fields = Object.fromEntries([...root.querySelectorAll('[data-hud]')].map((node) => [node.dataset.hud, node]));
  }

  reset() {
    this.#answers = [];
    this.#shownMs = null;
  }

  /** Both times are of this browser's own clock: the capture time came back with the answer. */
  answered(capturedMs, drawn) {
    this.#answers.push({ at: Date.now(), took: Date.now() - capturedMs });
    if (drawn) this.#shownMs = capturedMs;
  }

  /** Age of the labels on the screen in ms, null without any. */
  get age() {
    return this.#shownMs === null ? null : Date.now() - this.#shownMs;
  }

  get rate() {
    const since = Date.now() - WINDOW_MS;
    this.#answers = this.#answers.filter(({ at }) => at > since);
    return (this.#answers.length * 1000) / WINDOW_MS;
  }

  show() {
    const { rate, age } = this;
    const took = this.#answers.map((answer) => answer.took).sort((a, b) => a - b);
    this.#fields.rate.textContent = Math.round(rate);
    this.#fields.latency.textContent = took.length ? took[Math.floor(took.length / 2)] : '–';
    this.#fields.age.hidden = !(age > OLD_MS);
    if (age > OLD_MS) this.#fields.age.textContent = `labels ${(age / 1000).toFixed(1)} s old`;
  }
}
