// The lessons of this browser, in its IndexedDB. Only numbers and the user's own words; never a picture.

const NAME = 'moodstream';
const VERSION = 1;

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const ended = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });

/** All keys of one lesson in a store whose keys start with the lesson's id. */
const of = (lesson) => IDBKeyRange.bound([lesson], [lesson, []]);

export class Store {
  #db;

  /** Rejects where the browser keeps nothing (some private windows). */
  static async open() {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('lessons', { keyPath: 'id' });
      request.result.createObjectStore('seconds', { keyPath: ['lesson', 't'] });
      request.result.createObjectStore('markers', { keyPath: ['lesson', 'id'] });
    };
    const store = new Store();
    store.#db = await done(request);
    // Another tab with a newer version of this page must not wait for us.
    store.#db.onversionchange = () => store.#db.close();
    return store;
  }

  /** Write all or nothing: {lessons: [...], seconds: [...], markers: [...]}. */
  async put(values) {
    const transaction = this.#db.transaction(Object.keys(values), 'readwrite', { durability: 'relaxed' });
    for (const [name, rows] of Object.entries(values)) {
      for (const row of rows) transaction.objectStore(name).put(row);
    }
    await ended(transaction);
  }

  /** Newest first. */
  async lessons() {
    const all = await done(this.#db.transaction('lessons').objectStore('lessons').getAll());
    return all.sort((a, b) => b.startedMs - a.startedMs);
  }

  /** {seconds, markers} of a lesson, oldest first. */
  async load(id) {
    const transaction = this.#db.transaction(['seconds', 'markers']);
    const [seconds, markers] = await Promise.all(
      ['seconds', 'markers'].map((name) => done(transaction.objectStore(name).getAll(of(id)))),
    );
    return { seconds, markers };
  }

  async removeMarker(lesson, id) {
    const transaction = this.#db.transaction('markers', 'readwrite');
    transaction.objectStore('markers').delete([lesson, id]);
    await ended(transaction);
  }

  async remove(id) {
    const transaction = this.#db.transaction(['lessons', 'seconds', 'markers'], 'readwrite');
    transaction.objectStore('lessons').delete(id);
    for (const name of ['seconds', 'markers']) transaction.objectStore(name).delete(of(id));
    await ended(transaction);
  }
}
