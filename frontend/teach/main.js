// The Teach tab: shots from the camera, what follows from them, and the face in view read before and after.

import { Legend } from '../live/legend.js';
import { Link } from '../live/link.js';
import { closeSource, facesUser, openCamera } from '../live/sources.js';
import { setText } from '../live/views/dom.js';
import { adaptation, adopt } from '../live/adaptation.js';
import { Compare } from './compare.js';
import { Labels } from './labels.js';
import { largest } from './reading.js';
import { Shots } from './shots.js';

const BURST = 5;
/** Between two shots, so that they differ. */
const GAP_MS = 450;
/** A face that was answered for longer ago than this is not the one in view. */
const FRESH_MS = 1000;
const TICK_MS = 250;
const NO_FACE = 'No face in view.';
const GROUP_ONLY = 'Single faces are switched off on this server, so nothing can be taught here.';
const NEW_MODEL = 'The server has another model now. What you taught does not fit it and was forgotten: please teach it again.';

export function mount(element, { legend: entries, limits, fetchToken, learn }) {
  const root = element.querySelector('.teach');
  const find = (selector) => root.querySelector(selector);
  const act = (name) => find(`[data-do="${name}"]`);
  const video = find('video');
  const legend = new Legend(entries);
  const shots = new Shots({ ...limits, reserved: entries.map(({ name }) => name) });
  const compare = new Compare(root, legend);
  const labels = new Labels(root, legend, shots);
  // What tests and curious people may look at.
  const counters = { answered: 0, face: null, last: null };
  window.__teach = counters;
  let media = null;
  let link = null;
  let ticking = null;
  let seenAt = -Infinity;
  let wanted = 0;
  let takenAt = -Infinity;
  let learning = null;

  const hello = () => ({ v: 1, mode: 'live', view: 'individual', smoothing: 0, embeddings: true, adaptation: adaptation(), resume: null });
  const fresh = () => counters.face && performance.now() - seenAt < FRESH_MS;

  function say(words) {
    const notice = find('.teach-notice');
    setText(notice, words);
    notice.hidden = !words;
  }

  // --- the camera ----------------------------------------------------------------------------------------------

  async function start() {
    if (link) return;
    root.dataset.state = 'starting';
    try {
      media = await openCamera('');
    } catch (error) {
      stop(error.title ?? 'The camera did not start', error.message);
      return;
    }
    const [track] = media.getVideoTracks();
    track.onended = () => stop('The camera went away', 'It was unplugged or taken back. Nothing is being sent.');
    root.classList.toggle('mirrored', facesUser(track));
    video.srcObject = media;
    await video.play();
    root.style.setProperty('--ratio', `${video.videoWidth} / ${video.videoHeight}`);
    root.dataset.state = 'live';
    say('Connecting…');
    link = new Link(fetchToken);
    link.addEventListener('answer', answered);
    link.addEventListener('broken', ({ detail }) => say(`${detail.words}: reconnecting…`));
    link.addEventListener('refused', ({ detail }) => stop('No stream', detail.words));
    link.start({ kind: 'camera', track, video }, hello());
    ticking = setInterval(tick, TICK_MS);
  }

  async function stop(title = 'The camera is off', words = 'Nothing is being sent. What you taught stays in use.') {
    const ending = link;
    link = null;
    clearInterval(ticking);
    wanted = 0;
    closeSource(media);
    media = null;
    video.srcObject = null;
    counters.face = null;
    root.dataset.state = 'off';
    setText(find('[data-off="title"]'), title);
    setText(find('[data-off="words"]'), words);
    compare.rest('Start the camera to see how the face in view is read.');
    say('');
    ready();
    await ending?.stop();
  }

  function tick() {
    if (!root.isConnected || !root.offsetParent) stop(); // another tab of the page was opened
    else if (!fresh()) noFace();
  }

  // --- answers -------------------------------------------------------------------------------------------------

  function answered({ detail: { answer } }) {
    counters.answered += 1;
    counters.last = answer;
    if (answer.status !== 'ok') {
      if (answer.error?.code === 'other_model') {
        shots.forget();
        say(NEW_MODEL);
      } else if (answer.status === 'error') say(answer.error.message);
      return;
    }
    const face = largest(answer.faces.filter(({ embedding }) => embedding));
    say(answer.view === 'group' ? GROUP_ONLY : '');
    if (!face) {
      noFace();
      return;
    }
    counters.face = face;
    seenAt = performance.now();
    if (wanted && seenAt - takenAt >= GAP_MS) take(face, answer.model);
    frame(answer, face);
    compare.show(face, answer.unsure_below, Boolean(adaptation()));
    ready();
  }

  function noFace() {
    counters.face = null;
    find('canvas').getContext('2d').clearRect(0, 0, find('canvas').width, find('canvas').height);
    if (root.dataset.state === 'live') compare.rest(NO_FACE);
    ready();
  }

  /** The frame around the face that a shot would take. */
  function frame({ width, height }, { box: [x, y, w, h] }) {
    const canvas = find('canvas');
    Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    const left = root.classList.contains('mirrored') ? width - x - w : x;
    for (const [colour, weight] of [['rgb(16 20 28 / .55)', 6], ['#ffffff', 3]]) {
      context.strokeStyle = colour;
      context.lineWidth = (weight * width) / 640;
      context.beginPath();
      context.roundRect(left, y, w, h, w / 8);
      context.stroke();
    }
  }

  // --- shots ---------------------------------------------------------------------------------------------------

  /** The next faces that are answered become shots. */
  function order(count) {
    wanted += count;
    ready();
  }

  function take({ embedding }, model) {
    wanted -= 1;
    takenAt = seenAt;
    shots.add(labels.chosen, embedding, model);
    const stage = find('.teach-stage');
    stage.classList.remove('flash');
    void stage.offsetWidth; // begin the animation anew
    stage.classList.add('flash');
  }

  /** Whether the buttons can be pressed, and what they would do. */
  function ready() {
    const can = Boolean(link && (counters.face || wanted));
    act('shot').disabled = !can;
    act('five').disabled = !can || wanted > 0;
    const left = counters.face ? `Taking “${labels.chosen}”, ${wanted} to go: move a little …` : 'Waiting for a face …';
    setText(find('[data-hint]'), wanted ? left : `The framed face is taught as “${labels.chosen}”.`);
  }

  /** Learn from the shots there are now; shots that come meanwhile are learnt from afterwards. */
  async function relearn() {
    if (learning) {
      learning = 'again';
      return;
    }
    learning = 'now';
    const { model, all } = shots;
    const learnt = all.length ? await learn({ model, shots: all }).catch(() => null) : {};
    const again = learning === 'again';
    learning = null;
    if (again) {
      relearn();
      return;
    }
    if (!learnt) {
      setText(find('[data-kept]'), 'The server did not answer; the shots are kept and learnt from with the next one.');
      return;
    }
    adopt(learnt.adaptation ?? null);
    link?.greet(hello());
    tell(learnt);
  }

  function tell({ problem, judged }) {
    const count = shots.all.length;
    const words = new Set(shots.all.map(({ label }) => label)).size;
    const kept = `${count} shot${count === 1 ? '' : 's'} of ${words} word${words === 1 ? '' : 's'}, in use here and in Live.`;
    setText(find('[data-kept]'), problem ?? (count ? kept : 'Nothing is taught yet.'));
    act('forget').disabled = !count && !shots.own.length;
    setText(
      find('[data-judged]'),
      judged
        ? `Of your ${judged.shots} shots the model alone reads ${judged.before} as you do. Taught with the others, it reads ${judged.after}.`
        : '',
    );
  }

  shots.addEventListener('change', relearn);
  shots.addEventListener('change', ready);
  root.addEventListener('change', ready);
  act('agree').addEventListener('click', start);
  act('start').addEventListener('click', start);
  act('stop').addEventListener('click', () => stop());
  act('shot').addEventListener('click', () => order(1));
  act('five').addEventListener('click', () => order(BURST));
  act('forget').addEventListener('click', () => shots.forget());
  ready();
  tell({});
  if (shots.all.length) relearn();
  for (const name of ['agree', 'add']) act(name).disabled = false; // until now a click would not be heard
}
