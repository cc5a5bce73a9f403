// How each expression looks: colour and sign, from the server's palette; words it does not know get spare ones.

const SPARE = ['#b79ced', '#a3c86d', '#f2a6a0', '#6fc3b8', '#d9b36c'];

export class Legend {
  #entries;

  constructor(entries) {
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** The words themselves, without `unsure`, in the server's order. */
  get names() {
    return [...this.#entries.keys()].filter((name) => name !== 'unsure');
  }

  /** {name, colour, sign}; a word that was never seen before (taught by the user) joins the legend. */
  look(name) {
    let entry = this.#entries.get(name);
    if (!entry) {
      const spare = SPARE[(this.#entries.size - 8 + SPARE.length) % SPARE.length];
      entry = { name, colour: spare, sign: name.slice(0, 1).toUpperCase() };
      this.#entries.set(name, entry);
    }
    return entry;
  }
}
