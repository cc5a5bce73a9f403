// One face of an answer, as the model alone reads it and as what was taught changes it.

/** The face that is taught: the largest. */
export function largest(faces) {
  const area = ({ box: [, , w, h] }) => w * h;
  return faces.reduce((best, face) => (best && area(best) >= area(face) ? best : face), null);
}

/**
 * {name: probability} of the model alone. An embedding begins with the logarithms of its seven probabilities, which
 * `names` names.
 */
export function before(face, names) {
  return Object.fromEntries(names.map((name, i) => [name, Math.exp(face.embedding[i])]));
}

/** The best of {name: probability}, as {word, share}; the word is `unsure` if that is less than `unsureBelow`. */
export function verdict(probabilities, unsureBelow) {
  const [word, share] = Object.entries(probabilities).reduce((best, one) => (one[1] > best[1] ? one : best));
  return { word: share >= unsureBelow ? word : 'unsure', share };
}
