// The worker that captures, paces and talks to the server. Here rather than in the page, because a hidden page's timers
// slow to one a second or less, and the teacher looks at the call, not at us.

import { Scene } from '../demo/scene.js';
import { AskedFrames, Encoder, SceneFrames, TrackFrames } from './frames.js';
import { Pace } from './pace.js';
import { Stream } from './stream.js';

const TOKEN_TIMEOUT_MS = 8000;

let stream = null;
let frames = null;
let kind = null;
let muted = false;
let tokens = null;

const tell = (type, detail = {}) => postMessage({ type, ...detail });
const onFresh = () => stream?.pump();

/** Tokens come from the page: they are Gradio's to give. */
function fetchToken() {
  return new Promise((resolve, reject) => {
    tokens = { resolve, reject };
    setTimeout(reject, TOKEN_TIMEOUT_MS, new Error('no token in time'));
    tell('token');
  });
}

const handlers = {
  use(source) {
    frames?.close();
    kind = source.kind;
    if (kind === 'demo') frames = new SceneFrames(Scene.load(), source.startMs);
    else if (source.readable) frames = new TrackFrames(source.readable, onFresh, () => tell('anew'));
    else frames = new AskedFrames(() => tell('grab'), onFresh);
    stream?.use(frames, new Pace(kind));
  },
  start({ url, hello }) {
    const openSocket = (protocols) => new WebSocket(url, protocols);
    stream = new Stream({ frames, encoder: new Encoder(), pace: new Pace(kind), openSocket, fetchToken, emit: tell });
    stream.muted = muted;
    stream.start(hello);
  },
  greet: ({ hello }) => stream.greet(hello),
  muted(message) {
    muted = message.muted;
    if (stream) stream.muted = muted;
  },
  picture: ({ bitmap }) => (frames instanceof AskedFrames ? frames.picture(bitmap) : bitmap?.close()),
  token: ({ token, error }) => (error ? tokens.reject(new Error(error)) : tokens.resolve(token)),
  async stop() {
    await stream.stop();
    tell('stopped');
  },
};

onmessage = ({ data }) => handlers[data.type](data);
addEventListener('online', () => stream?.online());
addEventListener('offline', () => stream?.offline());
