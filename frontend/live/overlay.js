// Boxes and labels on the canvas over the video.

import { place } from './labels.js';
import { Motion } from './motion.js';
import { confidenceOf, wordOf } from './reading.js';

const INK = '#10141c';
const RIM = 'rgb(16 20 28 / .55)';
const PLAIN = '#e8eef3';
const DOUBT = 'rgb(16 20 28 / .82)';

export class Overlay {
  #canvas;
  #legend;
  #context;
  #motion;
  #drawing = null;
  #answer = null;
  /** Set from outside: whether the picture is mirrored, which row is pointed at, the confidence that is asked for. */
  mirrored = false;
  pointed = null;
  confidence = 0;
  /** What was drawn last: boxes as shares (0 to 1) of the picture as it is shown, with their words. */
  drawn = [];

  constructor(canvas, legend) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    this.#legend = legend;
    const reduced = matchMedia('(prefers-reduced-motion: reduce)');
    this.#motion = new Motion({ still: reduced.matches });
    reduced.addEventListener('change', () => (this.#motion.still = reduced.matches));
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  /** New places for the boxes; they glide there from the next picture of the screen on. */
  answer(answer, faces) {
    this.#answer = answer;
    this.#motion.answer(answer, faces, Date.now());
    this.redraw();
  }

  clear() {
    this.#motion.clear();
    this.#answer = null;
    this.redraw();
  }

  redraw() {
    this.#drawing ??= requestAnimationFrame(() => {
      this.#drawing = null;
      this.#draw();
      if (this.#motion.lively) this.redraw();
    });
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const dpr = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * dpr), Math.round(height * dpr)];
    if (this.#canvas.width !== w || this.#canvas.height !== h) Object.assign(this.#canvas, { width: w, height: h });
    const context = this.#context;
    context.setTransform(dpr, 0, 0, dpr, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.#answer) {
      this.drawn = [];
      return;
    }
    const picture = contained(this.#answer.width, this.#answer.height, width, height);
    const font = getComputedStyle(this.#canvas).fontFamily;
    const items = this.#motion.at(Date.now()).map(({ face, box: [x, y, bw, bh], alpha }) => {
      const share = [this.mirrored ? 1 - x - bw : x, y, bw, bh];
      const box = [picture.x + share[0] * picture.w, picture.y + share[1] * picture.h, bw * picture.w, bh * picture.h];
      const word = wordOf(face, this.confidence);
      const { colour, sign } = word ? this.#legend.look(word) : { colour: PLAIN, sign: null };
      return { face, share, box, alpha, word, colour, sign, row: face.row, confidence: confidenceOf(face) };
    });
    const measure = (text, size) => {
      context.font = `650 ${size}px ${font}`;
      return context.measureText(text).width;
    };
    const labelled = items.filter(({ word }) => word);
    const labels = place(labelled, { width, height, measure });
    for (const item of items) this.#box(item);
    labelled.forEach((item, i) => this.#label(item, labels[i], font));
    context.globalAlpha = 1;
    this.drawn = items.map(({ share, word, row, confidence }) => ({ box: share, label: word, row, confidence }));
  }

  #box({ box: [x, y, w, h], alpha, word, colour, confidence, row }) {
    const context = this.#context;
    const side = Math.min(w, h);
    const unsure = word === 'unsure';
    // Weight is confidence: from a hair for a guess to a firm line for certainty, in proportion to the face.
    const firm = Math.max(1.2, Math.min(4.5, side / 26));
    const weight = word && !unsure ? firm * (0.35 + 0.65 * confidence) + 0.6 : Math.max(1.2, firm * 0.5);
    const path = new Path2D();
    path.roundRect(x, y, w, h, Math.min(14, side / 7));
    context.globalAlpha = alpha;
    context.setLineDash(unsure ? [Math.max(4, side / 12), Math.max(3, side / 18)] : []);
    // A dark rim keeps light colours visible on a light background.
    context.strokeStyle = RIM;
    context.lineWidth = weight + Math.min(3, 1 + side / 60);
    context.stroke(path);
    context.strokeStyle = colour;
    context.lineWidth = weight;
    context.stroke(path);
    context.setLineDash([]);
    if (row !== null && row === this.pointed) {
      const halo = new Path2D();
      halo.roundRect(x - 6, y - 6, w + 12, h + 12, Math.min(18, side / 6));
      context.strokeStyle = '#ffffff';
      context.lineWidth = 2.5;
      context.stroke(halo);
    }
  }

  #label({ alpha, word, colour }, { parts, x, y, w, h, size }, font) {
    const context = this.#context;
    const unsure = word === 'unsure';
    context.globalAlpha = alpha;
    context.beginPath();
    context.roundRect(x, y, w, h, h * 0.32);
    context.fillStyle = unsure ? DOUBT : colour;
    context.fill();
    if (unsure) {
      context.setLineDash([3, 2.5]);
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.stroke();
      context.setLineDash([]);
    }
    const [paper, ink] = unsure ? [colour, INK] : [INK, colour];
    context.fillStyle = paper;
    context.beginPath();
    context.arc(x + h / 2, y + h / 2, h * 0.36, 0, 2 * Math.PI);
    context.fill();
    context.textBaseline = 'middle';
    context.textAlign = 'center';
    context.fillStyle = ink;
    context.font = `750 ${size * 0.8}px ${font}`;
    context.fillText(parts.sign, x + h / 2, y + h / 2 + size * 0.05);
    context.textAlign = 'start';
    context.fillStyle = paper;
    context.font = `650 ${size}px ${font}`;
    let left = x + h;
    for (const [text, weight] of [[parts.seat, 0.68], [parts.word, 1], [parts.percent, 0.72]]) {
      if (!text) continue;
      context.globalAlpha = alpha * weight;
      context.fillText(text, left, y + h / 2 + size * 0.06);
      left += context.measureText(text).width + size * 0.45;
    }
  }
}

/** Where a picture lies in a frame that it is fitted into whole, as object-fit: contain does. */
function contained(pictureW, pictureH, frameW, frameH) {
  const scale = Math.min(frameW / pictureW, frameH / pictureH);
  const [w, h] = [pictureW * scale, pictureH * scale];
  return { x: (frameW - w) / 2, y: (frameH - h) / 2, w, h };
}
