// The adaptation that follows from what was taught: kept for this tab, and read by every stream that the tab opens.

const KEY = 'moodstream.adaptation';
const CHANGED = 'moodstream-adaptation';

/** The adaptation for a stream's hello, or null. */
export function adaptation() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
}

/** Use another one from now on; null: none. */
export function adopt(value) {
  if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
  else sessionStorage.removeItem(KEY);
  dispatchEvent(new Event(CHANGED));
}

/** Call `does()` whenever another one is used. */
export function onAdaptation(does) {
  addEventListener(CHANGED, does);
}
