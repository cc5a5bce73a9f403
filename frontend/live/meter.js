// The small numbers in the corner: answers a second, how long an answer takes, how old what is shown is.

const WINDOW_MS = 2000;

export class Meter {
  #answers = [];
  #shownMs = null;

  constructor(root) {
    this.fields = Object.fromEntries([...root.querySelectorAll('[data-hud]')].map((node) => [node.dataset.hud, node]));
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

  get age() {
    return this.#shownMs === null ? null : Date.now() - this.#shownMs;
  }

  show() {
    const since = Date.now() - WINDOW_MS;
    this.#answers = this.#answers.filter(({ at }) => at > since);
    const took = this.#answers.map((answer) => answer.took).sort((a, b) => a - b);
    this.fields.rate.textContent = Math.round((took.length * 1000) / WINDOW_MS);
    this.fields.latency.textContent = took.length ? took[Math.floor(took.length / 2)] : '–';
    this.fields.age.textContent = this.age ?? '–';
  }
}
