// The seven probabilities of the largest face, as bars that are the legend of the colours as well.

export class Panel {
  constructor(root, legend) {
    this.who = root.querySelector('[data-panel="who"]');
    this.list = root.querySelector('[data-panel="bars"]');
    this.rows = new Map();
    for (const { name, colour, sign } of legend.filter((entry) => entry.name !== 'unsure')) {
      const row = document.createElement('li');
      row.style.setProperty('--c', colour);
      const [icon, word, value, bar] = ['i', 'span', 'output', 'span'].map((tag) => document.createElement(tag));
      icon.textContent = sign;
      word.textContent = name;
      row.append(icon, word, value, bar);
      this.list.append(row);
      this.rows.set(name, { row, value });
    }
  }

  /** No camera runs. */
  rest() {
    this.show([]);
    this.who.textContent = 'The face in view, once the camera runs';
  }

  show(faces) {
    const area = (face) => face.box[2] * face.box[3];
    const face = faces.reduce((best, next) => (!best || area(next) > area(best) ? next : best), null);
    this.who.textContent = wordsFor(face, faces.length);
    for (const [name, { row, value }] of this.rows) {
      const p = face?.probabilities?.[name];
      row.style.setProperty('--p', p ?? 0);
      row.classList.toggle('best', face?.label === name);
      value.textContent = p === undefined ? '' : `${Math.round(p * 100)} %`;
    }
  }
}

function wordsFor(face, count) {
  if (!face) return 'No face in view';
  return count > 1 ? `The largest of ${count} faces` : 'One face';
}
