// The live component: its states (consent, starting, live, off) and the wiring between its parts.

import { CameraProblem, closeCamera, facesUser, listCameras, openCamera } from './camera.js';
import { Capture } from './capture.js';
import { Meter } from './meter.js';
import { Overlay } from './overlay.js';
import { Panel } from './panel.js';
import { Stream } from './stream.js';

const TOO_OLD_MS = 2000;
const OVERLOADED = 'Many people are using this right now: some frames are skipped.';
const LATE = 'Answers come late right now.';

export function mount(element, { legend, fetchToken }) {
  const root = element.querySelector('.ms');
  const find = (selector) => root.querySelector(selector);
  const act = (name) => find(`[data-act="${name}"]`);
  const video = find('video');
  const notice = find('.ms-notice');
  const overlay = new Overlay(find('canvas'), legend);
  const panel = new Panel(root, legend);
  const meter = new Meter(root);
  const capture = new Capture(video);
  // What tests and curious people may look at.
  const counters = { sent: 0, answered: 0, statuses: {}, last: null, boxes: [], mirrored: true, closes: [] };
  window.__moodstream = counters;
  let media = null;
  let stream = null;
  let last = null;
  let ticking = null;

  const say = (words) => {
    notice.textContent = words;
    notice.hidden = !words;
  };

  function draw() {
    if (!last) return;
    counters.mirrored = root.classList.contains('mirrored');
    counters.boxes = overlay.draw(last, counters.mirrored);
  }

  function wipe() {
    last = null;
    counters.boxes = [];
    overlay.clear();
    meter.reset();
    panel.show([]);
  }

  function answered({ detail: { answer } }) {
    counters.answered += 1;
    counters.statuses[answer.status] = (counters.statuses[answer.status] ?? 0) + 1;
    counters.last = answer;
    const ok = answer.status === 'ok';
    meter.answered(answer.captured_ms, ok);
    if (ok) {
      last = answer;
      draw();
      panel.show(answer.faces);
      say('');
    } else {
      say({ overloaded: OVERLOADED, stale: LATE }[answer.status] ?? answer.error?.message ?? 'A frame could not be read.');
    }
  }

  function tick() {
    if (!root.isConnected) {
      stop();
      return;
    }
    meter.show();
    if (last && meter.age > TOO_OLD_MS) wipe();
  }

  function off(title, words) {
    root.dataset.state = 'off';
    find('[data-off="title"]').textContent = title;
    find('[data-off="words"]').textContent = words;
  }

  async function openInto(deviceId) {
    const opened = await openCamera(deviceId);
    closeCamera(media);
    media = opened;
    const [track] = media.getVideoTracks();
    track.onended = () => stop('The camera went away', 'It was unplugged or taken back. Nothing is being sent.');
    act('mirror').checked = facesUser(track);
    root.classList.toggle('mirrored', act('mirror').checked);
    video.srcObject = media;
    await video.play();
    root.style.setProperty('--ratio', `${video.videoWidth} / ${video.videoHeight}`);
    const cameras = await listCameras();
    act('camera').replaceChildren(
      ...cameras.map((camera, i) => new Option(camera.label || `Camera ${i + 1}`, camera.deviceId)),
    );
    act('camera').value = track.getSettings().deviceId;
  }

  async function start() {
    if (stream) return;
    root.dataset.state = 'starting';
    say('Starting the camera…');
    try {
      await openInto('');
    } catch (error) {
      failed(error);
      return;
    }
    root.dataset.state = 'live';
    say('Connecting…');
    stream = new Stream(capture, fetchToken);
    stream.addEventListener('sent', () => (counters.sent += 1));
    stream.addEventListener('answer', answered);
    stream.addEventListener('connected', () => say('Waiting for the first answer…'));
    stream.addEventListener('broken', ({ detail }) => say(detail.words));
    stream.addEventListener('refused', ({ detail }) => stop('No stream', detail.words));
    stream.addEventListener('closed', ({ detail }) => counters.closes.push(detail.code));
    stream.start();
    ticking = setInterval(tick, 250);
  }

  async function stop(title = 'The camera is off', words = 'Nothing is being sent.') {
    const ending = stream;
    stream = null;
    clearInterval(ticking);
    closeCamera(media);
    media = null;
    say('');
    off(title, words);
    await ending?.stop();
    if (root.dataset.state !== 'off') return; // started again meanwhile
    video.srcObject = null;
    wipe();
    panel.rest();
  }

  function failed(error) {
    if (!(error instanceof CameraProblem)) console.error(error);
    stop(error.title ?? 'The camera did not start', error.message);
  }

  act('agree').addEventListener('click', start);
  act('agree').disabled = false; // in the page it waits until a click would be heard
  act('start').addEventListener('click', start);
  act('stop').addEventListener('click', () => stop());
  act('camera').addEventListener('change', (event) => openInto(event.target.value).catch(failed));
  act('mirror').addEventListener('change', (event) => {
    root.classList.toggle('mirrored', event.target.checked);
    draw();
  });
  new ResizeObserver(draw).observe(find('.ms-stage'));
  panel.rest();
}
