import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TrackFrames } from '../../../frontend/live/capture/frames.js';
import { pack } from '../../../frontend/live/capture/message.js';
import { Pace } from '../../../frontend/live/capture/pace.js';
import { Stream } from '../../../frontend/live/capture/stream.js';
import { answer, face, T0 } from './made.mjs';

test('a message is frame number, capture time and picture, big-endian', () => {
  const message = pack(258, T0, new Uint8Array([7, 8, 9]));
  const head = new DataView(message.buffer);
  assert.equal(head.getBigUint64(0), 258n);
  assert.equal(head.getBigUint64(8), BigInt(T0));
  assert.deepEqual([...message.slice(16)], [7, 8, 9]);
});

test('refusals widen the gap, good answers close it again', () => {
  const pace = new Pace('camera');
  const least = pace.gapMs;
  pace.answered({ status: 'overloaded' }, 5, 640, 0);
  pace.answered({ status: 'overloaded' }, 5, 640, 0);
  assert.ok(pace.gapMs > 2 * least);
  for (let i = 0; i < 60; i += 1) pace.answered(answer(T0, [], { width: 640 }), 20, 640, 0);
  assert.equal(pace.gapMs, least);
});

test('slow answers narrow the picture, but never so far that its faces are lost', () => {
  const big = new Pace('screen');
  const small = new Pace('screen');
  const before = big.width;
  for (let i = 0; i < 60; i += 1) {
    big.answered(answer(T0, [face(1, [0, 0, 400, 400])], { width: before }), 900, 1920, i);
    small.answered(answer(T0, [face(1, [0, 0, 42, 44])], { width: before }), 900, 1920, i);
  }
  assert.ok(big.width < before);
  assert.equal(small.width, before);
});

test('quick answers with small faces widen it, up to what the source has', () => {
  const pace = new Pace('camera');
  for (let i = 0; i < 200; i += 1) pace.answered(answer(T0, [face(1, [0, 0, 30, 30])], { width: 640 }), 30, 1280, i);
  assert.equal(pace.width, 1280);
});

test('two frames are in flight only where the network takes longer than the service', () => {
  const pace = new Pace('camera');
  pace.answered(answer(T0, [], { timings_ms: { total: 100 } }), 120, 640, 0);
  assert.equal(pace.inFlight, 1);
  for (let i = 0; i < 20; i += 1) pace.answered(answer(T0, [], { timings_ms: { total: 20 } }), 200, 640, 0);
  assert.equal(pace.inFlight, 2);
});

/** A stream whose socket, frames and encoder are under the test's hand. */
function made(context) {
  const events = [];
  const sockets = [];
  const frames = { fresh: true, ready: true, want() {}, close() {}, take: () => ({ image: null, width: 640, height: 480, capturedMs: T0 }) };
  const stream = new Stream({
    frames,
    encoder: { jpeg: async () => new Uint8Array([1]) },
    pace: new Pace('camera'),
    fetchToken: async () => 'token',
    emit: (type, detail) => events.push({ type, ...detail }),
    openSocket(protocols) {
      const socket = { protocols, readyState: 0, sent: [], send: (data) => socket.sent.push(data), addEventListener() {}, close(code) { socket.closedWith = code; socket.readyState = 3; socket.onclose?.({ code }); } };
      sockets.push(socket);
      setTimeout(() => { socket.readyState = 1; socket.onopen(); });
      return socket;
    },
  });
  context.after(() => stream.stop());
  return { stream, events, sockets, frames };
}

const soon = (ms = 60) => new Promise((done) => setTimeout(done, ms));
/** An answer that took the service all its time, so that a second frame in flight would not help. */
const slow = (frame) => JSON.stringify(answer(T0, [], { frame, timings_ms: { total: 9999 } }));
const HELLO = { v: 1, mode: 'live', view: 'individual', resume: null };

/** Wait for something that must happen, however slow the machine. */
async function until(happened) {
  for (const end = Date.now() + 20_000; !happened(); await soon(10)) assert.ok(Date.now() < end, `not in time: ${happened}`);
}

test('one frame is in flight; the next goes when its answer has come', async (t) => {
  const { stream, events, sockets } = made(t);
  stream.start(HELLO);
  await until(() => sockets[0]?.sent.length === 2);
  const [socket] = sockets;
  assert.deepEqual(socket.protocols, ['moodstream.v1', 'token']);
  assert.deepEqual(JSON.parse(socket.sent[0]), HELLO);
  await soon(100);
  assert.equal(socket.sent.length, 2);
  socket.onmessage({ data: slow(1) });
  await until(() => socket.sent.length === 3);
  assert.deepEqual(events.map(({ type }) => type), ['connected', 'sent', 'answer', 'sent']);
});

test('after a break it comes back by itself, and the hello carries the last answer', async (t) => {
  const { stream, events, sockets } = made(t);
  stream.start(HELLO);
  await until(() => sockets[0]?.sent.length === 2);
  const last = answer(T0, [face(5, [1, 2, 3, 4])], { frame: 1 });
  sockets[0].onmessage({ data: JSON.stringify(last) });
  sockets[0].close(1011);
  assert.ok(events.some(({ type, words }) => type === 'broken' && words.includes('broke')));
  await until(() => sockets[1]?.sent.length);
  assert.deepEqual(JSON.parse(sockets[1].sent[0]).resume, last);
});

test('a server that ends asks to connect again: that is done at once and without words', async (t) => {
  const { stream, events, sockets } = made(t);
  stream.start(HELLO);
  await until(() => sockets[0]?.sent.length === 2);
  sockets[0].close(1012);
  await until(() => sockets[1]?.sent.length);
  assert.ok(!events.some(({ type }) => type === 'broken'));
});

test('the network’s return ends the waiting; a foreign address is not tried again', async (t) => {
  const { stream, events, sockets } = made(t);
  stream.start(HELLO);
  await until(() => sockets[0]?.sent.length);
  stream.offline();
  assert.equal(sockets[0].closedWith, 4000);
  stream.online();
  await until(() => sockets[1]?.sent.length);
  sockets[1].close(4403);
  await soon(900);
  assert.equal(sockets.length, 2);
  assert.equal(events.at(-1).type, 'refused');
});

test('a source that shows nothing new is sent again, so that answers never stop; a muted one is not', async (t) => {
  const { stream, sockets, frames } = made(t);
  frames.fresh = false;
  stream.start(HELLO);
  await until(() => sockets[0]?.sent.length === 2);
  sockets[0].onmessage({ data: slow(1) });
  await until(() => sockets[0].sent.length === 3);
  stream.muted = true;
  sockets[0].onmessage({ data: slow(2) });
  await soon(400);
  assert.equal(sockets[0].sent.length, 3);
});

test('a track that gives nothing is asked for anew, one that gave a frame is not', async (t) => {
  const pictures = new ReadableStream({ start: (queue) => queue.enqueue({ close() {} }) });
  const asked = { silent: 0, still: 0 };
  const silent = new TrackFrames(new ReadableStream(), () => null, () => (asked.silent += 1));
  const still = new TrackFrames(pictures, () => null, () => (asked.still += 1));
  t.after(() => [silent, still].forEach((frames) => frames.close()));
  silent.want();
  assert.equal(asked.silent, 0);
  await until(() => {
    still.want();
    silent.want();
    return asked.silent === 2;
  });
  assert.ok(still.ready);
  assert.equal(asked.still, 0);
});
