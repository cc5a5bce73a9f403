// What one face shows, with the user's own demand on confidence applied.

/** The best of its probabilities, also where that was too little for a word; 0 without any. */
export const confidenceOf = ({ probabilities }) => (probabilities ? Math.max(...Object.values(probabilities)) : 0);

/** The word to show: the server's, or `unsure` below the confidence that the user asks for; null without a reading. */
export function wordOf(face, confidence = 0) {
  if (!face.label) return null;
  return face.label !== 'unsure' && confidenceOf(face) < confidence ? 'unsure' : face.label;
}
