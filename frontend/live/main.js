// The live page: its states (consent, starting, live, off) and the wiring between its parts.

import { adaptation, adopt, onAdaptation } from './adaptation.js';
import { Legend } from './legend.js';
import { Lessons } from './lessons.js';
import { Link, TRACKS_READABLE } from './link.js';
import { Settings } from './settings.js';
import { SourceProblem, whyNoSharing } from './sources.js';
import { Stage } from './stage.js';
import { Board } from './views/board.js';
import { setText } from './views/dom.js';
import { LessonTools } from './views/lessons.js';
import { Meter } from './views/meter.js';
import { Notice } from './views/notice.js';
import { SmallWindow, smallWindowWorks } from './views/small.js';

/** Labels older than this are taken off the picture. */
const TOO_OLD_MS = 2000;
const TICK_MS = 250;
/** The server goes on with the seats of an answer at most this old. */
const RESUME_MS = 60_000;
const STARTING = { camera: 'Starting the camera…', screen: 'Choose the window of your call…', demo: 'Seating the class…' };

export async function mount(element, { legend: entries, fetchToken }) {
  const root = element.querySelector('.ms');
  const find = (selector) => root.querySelector(selector);
  const act = (name) => find(`[data-act="${name}"]`);
  const legend = new Legend(entries);
  const settings = new Settings();
  const lessons = new Lessons(settings);
  const notice = new Notice(find('.ms-notice'));
  const meter = new Meter(root);
  const stage = new Stage(root, legend);
  const { overlay } = stage;
  const board = new Board(root, { legend, settings, overlay });
  const live = () => root.dataset.state === 'live';
  const tools = new LessonTools(root, { lessons, legend, settings, board, live, say: (words) => notice.brief(words) });
  const small = new SmallWindow({ legend, onmark: () => tools.mark() });
  // What tests and curious people may look at.
  const counters = { sent: 0, answered: 0, statuses: {}, last: null, closes: [], source: null };
  Object.defineProperties(counters, {
    boxes: { get: () => overlay.drawn, enumerable: true },
    mirrored: { get: () => overlay.mirrored, enumerable: true },
    age: { get: () => meter.age, enumerable: true },
    lesson: { get: () => lessons.current },
  });
  window.__moodstream = counters;
  let link = null;
  let ticking = null;
  let shown = false;

  // --- answers -------------------------------------------------------------------------------------------------

  function answered({ detail: { answer } }) {
    counters.answered += 1;
    counters.statuses[answer.status] = (counters.statuses[answer.status] ?? 0) + 1;
    counters.last = answer;
    const ok = answer.status === 'ok';
    meter.answered(answer.captured_ms, ok);
    notice.answered(answer);
    if (answer.error?.code === 'other_model') adopt(null); // made with a model that the server no longer has
    if (!ok) return;
    const { faces, ended } = lessons.current.record(answer, settings.values);
    shown = true;
    showView(answer.view);
    overlay.answer(answer, faces);
    board.answer(answer, faces);
    if (!ended) return;
    board.refresh();
    small.show({ ...board.summary, trouble: notice.text });
  }

  function clear() {
    shown = false;
    overlay.clear();
  }

  function tick() {
    if (!root.isConnected) {
      stop();
      return;
    }
    meter.show();
    if (shown && meter.age > TOO_OLD_MS) {
      clear();
      board.rest(true);
    }
    small.show({ ...board.summary, trouble: notice.text });
  }

  // --- starting and stopping -----------------------------------------------------------------------------------

  const hello = () => {
    const { last } = lessons.current.facts;
    const resume = last && Date.now() - last.captured_ms < RESUME_MS ? last : null;
    return { v: 1, mode: 'live', view: settings.values.view, smoothing: settings.values.smoothing, embeddings: false, adaptation: adaptation(), resume };
  };

  async function start(kind, deviceId = '') {
    const going = live();
    if (!going) root.dataset.state = 'starting';
    notice.say(STARTING[kind]);
    try {
      await stage.open(kind, deviceId);
    } catch (error) {
      if (!(error instanceof SourceProblem)) console.error(error);
      if (going && kind !== stage.kind) notice.brief(`${error.title ?? 'It did not start'}: ${error.message}`);
      else await stop(error.title ?? 'The camera did not start', error.message);
      return;
    }
    counters.source = kind;
    root.dataset.state = 'live';
    clear();
    meter.reset();
    if (lessons.current.over) await lessons.begin();
    lessons.current.begin(kind);
    label();
    notice.say(link ? '' : 'Connecting…');
    if (link) link.use(stage.source);
    else connect();
    find('[data-tip]').hidden = kind !== 'screen';
  }

  function connect() {
    link = new Link(fetchToken);
    const on = (type, does) => link.addEventListener(type, does);
    on('sent', () => (counters.sent += 1));
    on('answer', answered);
    on('connected', () => notice.say('Waiting for the first answer…'));
    on('broken', ({ detail }) => notice.say(`${detail.words}: reconnecting…`));
    on('refused', ({ detail }) => stop('No stream', detail.words));
    on('closed', ({ detail }) => counters.closes.push(detail.code));
    on('muted', ({ detail }) => {
      if (detail.muted) notice.say('The source gives no picture right now. A minimised window shows nothing: bring it back.');
      else if (shown) notice.say('');
    });
    link.start(stage.source, hello());
    ticking = setInterval(tick, TICK_MS);
  }

  async function stop(title = 'The camera is off', words = 'Nothing is being sent. The lesson stays below.') {
    const ending = link;
    link = null;
    clearInterval(ticking);
    stage.close();
    notice.say('');
    root.dataset.state = 'off';
    if (document.fullscreenElement) document.exitFullscreen();
    setText(find('[data-off="title"]'), title);
    setText(find('[data-off="words"]'), words);
    find('[data-off="title"]').focus({ preventScroll: true });
    await ending?.stop();
    await lessons.current?.write();
    if (root.dataset.state !== 'off') return; // started again meanwhile
    clear();
    board.rest(false);
    small.show({ ...board.summary, trouble: title });
  }

  // --- controls ------------------------------------------------------------------------------------------------

  /** Which view is shown is the server's word: an operator may forbid single seats. */
  function showView(answeredView) {
    const { view: wanted } = settings.values;
    const view = answeredView ?? wanted;
    const forbidden = view === 'group' && wanted === 'individual' && answeredView !== undefined;
    if (root.dataset.view !== view) root.dataset.view = view;
    for (const button of root.querySelectorAll('[data-to]')) {
      button.setAttribute('aria-pressed', String(button.dataset.to === view));
    }
    const note = find('[data-switch-note]');
    note.hidden = !forbidden || Date.now() - askedAt < TOO_OLD_MS;
    setText(note, 'Single seats are switched off on this server.');
  }

  let askedAt = 0;
  function ask(view) {
    settings.set('view', view);
    askedAt = Date.now();
    showView(undefined);
    board.refresh();
  }

  function label() {
    setText(act('share'), stage.kind === 'screen' ? 'Share another window' : 'Share a window');
    small.enabled = smallWindowWorks();
  }

  for (const [name, kind] of [['agree', 'camera'], ['agree-screen', 'screen'], ['demo', 'demo'], ['start', 'camera'], ['start-screen', 'screen'], ['start-demo', 'demo'], ['share', 'screen'], ['use-camera', 'camera']]) {
    act(name).addEventListener('click', () => start(kind));
  }
  act('stop').addEventListener('click', () => stop(...(stage.kind === 'camera' ? [] : ['Reading has stopped'])));
  act('camera').addEventListener('change', ({ target }) => start('camera', target.value));
  act('tip-close').addEventListener('click', () => (find('[data-tip]').hidden = true));
  for (const name of ['pip', 'pip-tip']) {
    act(name).addEventListener('click', async () => {
      find('[data-tip]').hidden = true;
      await small.toggle();
      small.show({ ...board.summary, trouble: notice.text });
    });
  }
  small.addEventListener('toggle', () => act('pip').setAttribute('aria-pressed', String(small.open)));
  act('fullscreen').addEventListener('click', () => (document.fullscreenElement ? document.exitFullscreen() : find('.ms-main').requestFullscreen()));
  document.addEventListener('fullscreenchange', () => setText(act('fullscreen'), document.fullscreenElement ? 'Leave full screen' : 'Full screen'));
  for (const button of root.querySelectorAll('[data-to]')) button.addEventListener('click', () => ask(button.dataset.to));
  stage.addEventListener('ended', ({ detail }) => stop(detail.title, detail.words));
  settings.bind(root);
  settings.addEventListener('change', ({ detail: { name } }) => {
    if (name === 'view' || name === 'smoothing') link?.greet(hello());
    if (name === 'confidence') {
      overlay.confidence = settings.values.confidence;
      overlay.redraw();
      lessons.current.rejudge(settings.values);
    }
    board.refresh();
  });
  onAdaptation(() => link?.greet(hello()));
  lessons.addEventListener('change', () => (board.lesson = lessons.current));
  lessons.addEventListener('failure', ({ detail }) => notice.brief(detail.words));
  document.addEventListener('visibilitychange', () => !document.hidden && board.refresh());
  addEventListener('pagehide', () => lessons.leave());
  new ResizeObserver(() => board.refresh()).observe(find('[data-lesson="plot"]'));

  // --- the beginning -------------------------------------------------------------------------------------------

  overlay.confidence = settings.values.confidence;
  sayWhatIsMissing(root);
  showView(undefined);
  board.rest(false);
  await lessons.open();
  board.refresh();
  for (const name of ['agree', 'agree-screen', 'demo']) act(name).disabled = false; // until now a click would not be heard
  if (new URLSearchParams(location.search).get('demo') === '1') await start('demo');
}

/** What this browser cannot do, in words, where one would look for it. */
function sayWhatIsMissing(root) {
  const sharing = whyNoSharing();
  for (const name of ['agree-screen', 'start-screen', 'share']) root.querySelector(`[data-act="${name}"]`).hidden = Boolean(sharing);
  setText(root.querySelector('[data-lacks="screen"]'), sharing);
  const small = smallWindowWorks();
  for (const name of ['pip', 'pip-tip']) root.querySelector(`[data-act="${name}"]`).hidden = !small;
  const full = document.fullscreenEnabled;
  root.querySelector('[data-act="fullscreen"]').hidden = !full;
  const words = [
    sharing,
    small ? '' : 'This browser has no small window that stays on top (Chrome and Edge have).',
    TRACKS_READABLE ? '' : 'This browser slows pages that are hidden: keep this one visible, beside the call (Chrome and Edge go on).',
    full ? '' : 'This browser shows no page parts in full screen.',
  ];
  setText(root.querySelector('[data-lacks="all"]'), words.filter(Boolean).join(' '));
}
