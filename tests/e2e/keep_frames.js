// Put before the page's own scripts: remembers the last frames sent, so that a test can see what a box was drawn for.
(() => {
  const kept = new Map();
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (data instanceof Uint8Array) {
      const frame = Number(new DataView(data.buffer).getBigUint64(0));
      kept.set(frame, data.slice(16));
      kept.delete(frame - 100);
    }
    return send.call(this, data);
  };
  window.__keptFrame = () => {
    const { last, boxes, mirrored } = window.__moodstream;
    const jpeg = btoa(Array.from(kept.get(last.frame), (byte) => String.fromCharCode(byte)).join(''));
    return { jpeg, boxes, mirrored };
  };
})();
