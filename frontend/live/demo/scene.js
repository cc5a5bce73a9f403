// The simulated class: twenty-five seats of a video call, all played by one public-domain face. Each moves, turns, comes
// and goes, and changes its expression. What is drawn depends on the time alone, so that the page and the capturing
// worker, each with a canvas of its own, show the same at the same moment.

import { chance, moodAt, presenceAt } from './script.js';

/** When this page's class began (ms, wall clock). */
export const START_MS = Date.now();
const COLUMNS = 5;
const ROWS = 5;
export const SEATS = COLUMNS * ROWS;
const GAP = 6;
/** Side of one sprite of faces.webp, and the order of its expressions. */
const SPRITE = 256;
const SPRITES = ['happy', 'neutral', 'sad', 'angry', 'surprise', 'fear'];
/** Where the neck is in a sprite: a head turns about it. */
const NECK = { x: 126, y: 176 };
const WALLS = ['#8fa3b5', '#b7a694', '#93a88d', '#a59ab3', '#b0a08a', '#8ba6a8', '#a8a8a8'];

export class Scene {
  static WIDTH = 1280;
  static HEIGHT = 720;
  #faces;
  #rooms = null;

  constructor(faces) {
    this.#faces = faces;
  }

  static async load() {
    const answer = await fetch(new URL('./faces.webp', import.meta.url));
    return new Scene(await createImageBitmap(await answer.blob()));
  }

  /** Draw the class as it is `ms` after its beginning. */
  draw(context, ms) {
    this.#rooms ??= empty();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#rooms, 0, 0);
    for (let seat = 0; seat < SEATS; seat += 1) this.#seat(context, seat, ms / 1000);
  }

  #seat(context, seat, seconds) {
    const there = presenceAt(seat, seconds);
    if (there === 0) return;
    const { x, y, w, h } = tile(seat);
    context.save();
    context.beginPath();
    context.rect(x, y, w, h);
    context.clip();
    context.translate(x + w * (0.42 + 0.16 * chance(seat, 5)), y + h * 0.72);
    this.#person(context, seat, seconds, h, there);
    context.restore();
  }

  #person(context, seat, seconds, h, there) {
    const wave = (nth, period) =>
      Math.sin((2 * Math.PI * seconds) / (period * (0.8 + 0.4 * chance(seat, nth))) + 6.28 * chance(seat, nth + 1));
    const size = (h / SPRITE) * (0.95 + 0.2 * chance(seat, 10)) * (1 + 0.025 * wave(11, 9));
    const turn = 0.5 + 0.5 * wave(13, 11);
    const side = chance(seat, 15) > 0.5 ? -1 : 1;
    // Whoever leaves, sinks out of the picture.
    context.translate(0.05 * h * wave(16, 7), (1 - there) * h * 1.3 + 0.02 * h * wave(18, 4));
    context.rotate(0.07 * wave(20, 6));
    context.scale(side * size * (1 - 0.16 * turn), size);
    context.transform(1, 0.05 * turn, 0, 1, 0, 0);
    const { from, to, part } = moodAt(seat, seconds);
    this.#face(context, from, 1);
    if (part > 0) this.#face(context, to, part);
  }

  #face(context, expression, alpha) {
    context.globalAlpha = alpha;
    context.drawImage(this.#faces, SPRITES.indexOf(expression) * SPRITE, 0, SPRITE, SPRITE, -NECK.x, -NECK.y, SPRITE, SPRITE);
    context.globalAlpha = 1;
  }
}

/** Where a seat's tile is. */
export function tile(seat) {
  const w = Math.round((Scene.WIDTH - GAP * (COLUMNS + 1)) / COLUMNS);
  const h = Math.round((Scene.HEIGHT - GAP * (ROWS + 1)) / ROWS);
  return { x: GAP + (seat % COLUMNS) * (w + GAP), y: GAP + Math.floor(seat / COLUMNS) * (h + GAP), w, h };
}

/** All rooms without their people: they never change. */
function empty() {
  const canvas = new OffscreenCanvas(Scene.WIDTH, Scene.HEIGHT);
  const context = canvas.getContext('2d', { alpha: false });
  context.fillStyle = '#14181d';
  context.fillRect(0, 0, Scene.WIDTH, Scene.HEIGHT);
  for (let seat = 0; seat < SEATS; seat += 1) room(context, seat);
  return canvas;
}

function room(context, seat) {
  const { x, y, w, h } = tile(seat);
  context.fillStyle = WALLS[Math.floor(chance(seat, 1) * WALLS.length)];
  context.fillRect(x, y, w, h);
  // A window or a shelf, and a little light from one side.
  const left = chance(seat, 2) > 0.5;
  const at = x + (left ? 0.04 : 0.74) * w;
  context.fillStyle = chance(seat, 3) > 0.5 ? 'rgb(240 246 250 / .5)' : 'rgb(60 48 40 / .35)';
  context.fillRect(at, y + 0.12 * h, 0.22 * w, 0.45 * h);
  context.fillStyle = 'rgb(20 24 28 / .18)';
  context.fillRect(at, y + 0.33 * h, 0.22 * w, 3);
  const light = context.createLinearGradient(x, y, x + w, y);
  light.addColorStop(left ? 0 : 1, 'rgb(255 255 255 / .18)');
  light.addColorStop(left ? 1 : 0, 'rgb(0 0 0 / .28)');
  context.fillStyle = light;
  context.fillRect(x, y, w, h);
}
