// The picture and where it comes from: camera, shared window or simulated class, shown at full rate under its boxes.

import { Scene, START_MS } from './demo/scene.js';
import { Overlay } from './overlay.js';
import { closeSource, facesUser, listCameras, openCamera, openScreen } from './sources.js';

/** The simulated class is drawn like a video call's picture, fifteen times a second. */
const SCENE_EVERY_MS = 60;

/** Events: 'ended' {title, words} when the source went away by itself; 'mirror' when the picture was turned. */
export class Stage extends EventTarget {
  /** 'camera', 'screen', 'demo' or null. */
  kind = null;
  overlay;
  #root;
  #video;
  #sceneCanvas;
  #cameraList;
  #mirrorBox;
  #media = null;
  #scene = null;

  constructor(root, legend) {
    super();
    this.#root = root;
    this.#video = root.querySelector('video');
    this.#sceneCanvas = root.querySelector('[data-scene]');
    this.#cameraList = root.querySelector('[data-act="camera"]');
    this.#mirrorBox = root.querySelector('[data-act="mirror"]');
    this.overlay = new Overlay(root.querySelector('[data-overlay]'), legend);
    this.#video.addEventListener('resize', () => this.#shape(this.#video.videoWidth, this.#video.videoHeight));
    this.#mirrorBox.addEventListener('change', () => this.#mirror(this.#mirrorBox.checked));
    navigator.mediaDevices?.addEventListener?.('devicechange', () => this.kind === 'camera' && this.#nameCameras());
  }

  /** What the capture reads: {kind, track} or {kind, startMs}; and the video for browsers that cannot read tracks. */
  get source() {
    return this.kind === 'demo'
      ? { kind: 'demo', startMs: START_MS }
      : { kind: this.kind, track: this.#media.getVideoTracks()[0], video: this.#video };
  }

  /** Show another source, `deviceId` of a camera or '' for any. Throws a SourceProblem and then shows what it did before. */
  async open(kind, deviceId = '') {
    // Some phones open a camera only when the other one is closed.
    if (kind === 'camera' && this.kind === 'camera') closeSource(this.#media);
    const media = kind === 'camera' ? await openCamera(deviceId) : kind === 'screen' ? await openScreen() : null;
    this.#leave();
    this.kind = kind;
    this.#root.dataset.source = kind;
    this.#media = media;
    if (kind === 'demo') await this.#showScene();
    else await this.#showMedia();
  }

  close() {
    this.#leave();
    this.overlay.clear();
  }

  #leave() {
    closeSource(this.#media);
    this.#media = null;
    this.#scene = null;
    this.#video.srcObject = null;
    this.kind = null;
    delete this.#root.dataset.source;
  }

  async #showMedia() {
    const [track] = this.#media.getVideoTracks();
    const { kind } = this;
    track.onended = () => this.dispatchEvent(new CustomEvent('ended', { detail: ENDED[kind] }));
    this.#video.srcObject = this.#media;
    await this.#video.play();
    this.#shape(this.#video.videoWidth, this.#video.videoHeight);
    this.#mirror(kind === 'camera' && facesUser(track));
    if (kind === 'camera') await this.#nameCameras(track);
  }

  async #showScene() {
    this.#mirror(false);
    this.#shape(Scene.WIDTH, Scene.HEIGHT);
    const scene = await Scene.load();
    if (this.kind !== 'demo') return; // closed meanwhile
    this.#scene = scene;
    Object.assign(this.#sceneCanvas, { width: Scene.WIDTH, height: Scene.HEIGHT });
    const context = this.#sceneCanvas.getContext('2d', { alpha: false });
    let drawnMs = 0;
    const draw = () => {
      if (this.#scene !== scene) return;
      const now = Date.now();
      if (now - drawnMs >= SCENE_EVERY_MS) {
        drawnMs = now;
        scene.draw(context, now - START_MS);
      }
      requestAnimationFrame(draw);
    };
    draw();
  }

  #shape(width, height) {
    if (width && height) this.#root.style.setProperty('--ratio', `${width} / ${height}`);
  }

  #mirror(on) {
    this.#mirrorBox.checked = on;
    this.overlay.mirrored = on;
    this.#root.classList.toggle('mirrored', on);
    this.overlay.redraw();
    this.dispatchEvent(new Event('mirror'));
  }

  async #nameCameras(track = this.#media?.getVideoTracks()[0]) {
    const cameras = await listCameras();
    this.#cameraList.replaceChildren(...cameras.map((camera, i) => new Option(camera.label || `Camera ${i + 1}`, camera.deviceId)));
    this.#cameraList.value = track?.getSettings().deviceId ?? '';
  }
}

const ENDED = {
  camera: { title: 'The camera went away', words: 'It was unplugged or taken back. Nothing is being sent.' },
  screen: { title: 'Sharing has ended', words: 'The window was closed or sharing was stopped. Nothing is being sent.' },
};
