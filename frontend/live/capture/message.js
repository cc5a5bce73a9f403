// One binary message of the stream: frame number and capture time, 8 bytes each and big-endian, then the JPEG.

const HEAD_BYTES = 16;

export function pack(frame, capturedMs, jpeg) {
  const message = new Uint8Array(HEAD_BYTES + jpeg.byteLength);
  const head = new DataView(message.buffer);
  head.setBigUint64(0, BigInt(frame));
  head.setBigUint64(8, BigInt(capturedMs));
  message.set(jpeg, HEAD_BYTES);
  return message;
}
