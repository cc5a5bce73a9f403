// Which label each box gets, and where, so that fifty faces stay readable: one level of detail for all, chosen by the
// size of the faces; a label that would cover another face or label shrinks to its sign.

/** From most to least: what a label says. */
export const LEVELS = ['full', 'word', 'seat', 'sign'];
const MIN_SIZE = 9;
const MAX_SIZE = 17;

/** Height of the label's text for a box, in pixels. */
export const textSize = ([, , w, h]) => Math.max(MIN_SIZE, Math.min(MAX_SIZE, Math.min(w, h) * 0.16));

/** The parts of a label at a level: {sign, seat, word, percent}, null where left out. */
export function parts(level, { sign, row, word, confidence, several }) {
  const seat = several && row !== null && level !== 'sign' ? String(row) : null;
  return {
    sign,
    seat,
    word: level === 'full' || level === 'word' ? word : null,
    percent: level === 'full' && word !== 'unsure' ? `${Math.round(confidence * 100)} %` : null,
  };
}

/**
 * Place labels. `items`: [{box: [x, y, w, h] in pixels, sign, row, word, confidence}]; `measure(text, size)` gives a
 * width. Gives, in the same order, [{level, parts, x, y, w, h, size}].
 */
export function place(items, { width, height, measure }) {
  const several = items.length > 1;
  const sized = items.map((item) => ({ ...item, several, size: textSize(item.box) }));
  const common = commonLevel(sized, measure);
  const taken = [];
  const order = sized.map((_, i) => i).sort((a, b) => area(items[b].box) - area(items[a].box));
  const placed = new Array(items.length);
  for (const i of order) {
    placed[i] = fit(sized[i], LEVELS.slice(LEVELS.indexOf(common)), { width, height, measure, taken, boxes: items });
    taken.push(placed[i]);
  }
  return placed;
}

/** The most detailed level that suits the face in the middle of the sizes. */
function commonLevel(items, measure) {
  if (items.length <= 1) return 'full';
  const middle = [...items].sort((a, b) => a.box[2] - b.box[2])[Math.floor(items.length / 2)];
  const longest = { ...middle, word: 'surprise', confidence: 1 };
  const fits = (level) => labelSize(longest, level, measure).w <= middle.box[2] * 1.45;
  return LEVELS.find(fits) ?? 'sign';
}

function labelSize(item, level, measure) {
  const { size } = item;
  const shown = parts(level, item);
  const h = Math.round(size * 1.6);
  let w = h;
  for (const text of [shown.seat, shown.word, shown.percent]) if (text) w += measure(text, size) + size * 0.45;
  return { parts: shown, w: Math.round(w + (w > h ? size * 0.3 : 0)), h };
}

function fit(item, levels, { width, height, measure, taken, boxes }) {
  const [x, y, w, h] = item.box;
  for (const level of levels) {
    const label = { level, size: item.size, ...labelSize(item, level, measure) };
    const left = clamp(x - 1, 2, width - label.w - 2);
    const above = y - label.h - 3;
    const below = y + h + 3;
    // Below it would seem to belong to the next row's face: a sign, which fits there, lies beside its face before.
    const beside = level === 'sign' ? [[x + w + 3, y], [x - label.w - 3, y]] : [];
    const spots = [[left, above], ...beside, [left, below]];
    for (const [across, down] of spots) {
      if (across < 0 || across + label.w > width || down < 0 || down + label.h > height) continue;
      const spot = { ...label, x: across, y: down };
      if (free(spot, item, taken, boxes)) return spot;
    }
  }
  // No room outside: the sign alone sits on the corner of its own box.
  const label = { level: 'sign', size: item.size, ...labelSize(item, 'sign', measure) };
  return { ...label, x: clamp(x - label.w / 3, 2, width - label.w - 2), y: clamp(y - label.h / 3, 2, height - label.h - 2) };
}

function free(spot, item, taken, boxes) {
  const rect = [spot.x, spot.y, spot.w, spot.h];
  return (
    taken.every((other) => !overlap(rect, [other.x, other.y, other.w, other.h])) &&
    boxes.every((other) => other.box === item.box || !overlap(rect, other.box))
  );
}

const overlap = (a, b) => a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3];
const area = ([, , w, h]) => w * h;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
