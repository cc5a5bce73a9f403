// Shares of expressions over faces, as numbers and in words.

import { wordOf } from '../reading.js';
import { percent } from './dom.js';

/** {word: share} over the faces that have a reading; null without any. */
export function shares(faces, confidence) {
  const words = faces.map((face) => wordOf(face, confidence)).filter(Boolean);
  if (!words.length) return null;
  const out = {};
  for (const word of words) out[word] = (out[word] ?? 0) + 1 / words.length;
  return out;
}

/** happy 60 %, neutral 40 % (the largest first, at most `most`). */
export const inWords = (values, most = 3) =>
  Object.entries(values)
    .filter(([, share]) => share >= 0.005)
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, share]) => (share > 0.995 ? name : `${name} ${percent(share)}`))
    .join(', ');
