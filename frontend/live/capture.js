// The newest frame of the video as a small JPEG.

const MAX_WIDTH = 640;
const QUALITY = 0.7;
const HEAD_BYTES = 16;

export class Capture {
  #canvas = document.createElement('canvas');
  #context = this.#canvas.getContext('2d', { alpha: false });

  constructor(video) {
    this.video = video;
  }

  get ready() {
    return this.video.readyState >= 2 && this.video.videoWidth > 0;
  }

  /** One binary message: frame number and capture time, 8 bytes each and big-endian, then the JPEG. */
  async message(frame, capturedMs) {
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, MAX_WIDTH / videoWidth);
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    this.#context.drawImage(this.video, 0, 0, this.#canvas.width, this.#canvas.height);
    const blob = await new Promise((done) => this.#canvas.toBlob(done, 'image/jpeg', QUALITY));
    const message = new Uint8Array(HEAD_BYTES + blob.size);
    const head = new DataView(message.buffer);
    head.setBigUint64(0, BigInt(frame));
    head.setBigUint64(8, BigInt(capturedMs));
    message.set(new Uint8Array(await blob.arrayBuffer()), HEAD_BYTES);
    return message;
  }
}
