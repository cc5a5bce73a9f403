// What belongs to this browser tab alone: which lesson it shows, and that lesson's newest part over a reload.

const ID_KEY = 'moodstream-lesson';
const TAIL_KEY = 'moodstream-tail';
/** A page that is reloaded frees its lesson a little after the new one asks for it. */
const OWN_WITHIN_MS = 3000;

export class TabLesson {
  #release = () => {};

  get id() {
    return sessionStorage.getItem(ID_KEY);
  }

  /** Take lesson `id` for this tab; false if another tab has it: a duplicated tab must not write into the same one. */
  async claim(id) {
    this.#release();
    if (navigator.locks && !(await this.#lock(id, id === this.id ? OWN_WITHIN_MS : 0))) return false;
    sessionStorage.setItem(ID_KEY, id);
    return true;
  }

  /** Keep `tail` over a reload. Unlike the store's writing this is done when it returns, so the page may go. */
  remember(tail) {
    try {
      sessionStorage.setItem(TAIL_KEY, JSON.stringify(tail));
    } catch (error) {
      console.warn('the last moments could not be kept', error); // the store has all before them
    }
  }

  /** The tail of lesson `id` that was remembered, once, or null. */
  recall(id) {
    const tail = JSON.parse(sessionStorage.getItem(TAIL_KEY) ?? 'null');
    sessionStorage.removeItem(TAIL_KEY);
    return tail?.facts.id === id ? tail : null;
  }

  #lock(id, withinMs) {
    const options = withinMs ? { signal: AbortSignal.timeout(withinMs) } : { ifAvailable: true };
    return new Promise((resolve) => {
      const held = (lock) => {
        resolve(lock !== null);
        return lock && new Promise((release) => (this.#release = release));
      };
      navigator.locks.request(`moodstream ${id}`, options, held).catch(() => resolve(false)); // not in time
    });
  }
}
