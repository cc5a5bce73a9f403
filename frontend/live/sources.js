// Where the pictures come from: opening a camera or a shared window, and saying in words why it would not open.

const CAMERA = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
const SCREEN = { video: { frameRate: { ideal: 15, max: 30 } }, audio: false, selfBrowserSurface: 'exclude', monitorTypeSurfaces: 'include' };

export class SourceProblem extends Error {
  constructor(title, words) {
    super(words);
    this.title = title;
  }
}

/** What this browser lacks, in words, or '' if a window can be shared. Phones' browsers cannot share. */
export function whyNoSharing() {
  if (navigator.mediaDevices?.getDisplayMedia) return '';
  return window.isSecureContext
    ? 'This browser cannot share a window: that needs Chrome, Edge, Firefox or Safari on a computer.'
    : 'Sharing works only over HTTPS or on localhost.';
}

/** Open the camera `deviceId`, or for '' the one that `facing` ('user', 'environment') names. Throws a SourceProblem. */
export async function openCamera(deviceId, facing = 'user') {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new SourceProblem(
      'The browser keeps the camera locked',
      'A camera works only over HTTPS or on localhost. Open this page by an https:// address.',
    );
  }
  const chosen = deviceId ? { ...CAMERA, deviceId: { exact: deviceId } } : { ...CAMERA, facingMode: facing };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: chosen, audio: false });
  } catch (error) {
    throw cameraProblem(error);
  }
}

/** Let the user choose a window, a tab or a screen. Throws a SourceProblem. */
export async function openScreen() {
  const lacking = whyNoSharing();
  if (lacking) throw new SourceProblem('Nothing can be shared from here', lacking);
  try {
    return await navigator.mediaDevices.getDisplayMedia(SCREEN);
  } catch (error) {
    throw screenProblem(error);
  }
}

/** The cameras there are; their names are known once one has been allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === 'videoinput');
}

/** Whether this camera looks at its own user, so that a mirrored picture is the natural one. */
export function facesUser(track) {
  const { facingMode } = track.getSettings();
  return facingMode ? facingMode === 'user' : !/\b(back|rear|environment)\b/i.test(track.label);
}

export function closeSource(media) {
  media?.getTracks().forEach((track) => {
    track.onended = null;
    track.stop();
  });
}

function cameraProblem({ name, message }) {
  switch (name) {
    case 'NotAllowedError':
      return /system/i.test(message)
        ? new SourceProblem('The computer keeps the camera from the browser', 'Allow the browser to use the camera in the system’s privacy settings, then start again.')
        : new SourceProblem('The camera is not allowed', 'Allow it for this page in the address bar (the camera sign), then start again.');
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new SourceProblem('No camera was found', 'Plug one in, share a window instead, or use the Picture tab.');
    case 'NotReadableError':
    case 'AbortError':
      return new SourceProblem('The camera is busy', 'Another program seems to use it. Close that, then start again.');
    default:
      return new SourceProblem('The camera did not start', `${name}: ${message}`);
  }
}

function screenProblem({ name, message }) {
  if (name !== 'NotAllowedError') return new SourceProblem('Sharing did not start', `${name}: ${message}`);
  return /system/i.test(message)
    ? new SourceProblem('The computer keeps the screen from the browser', 'Allow the browser to record the screen in the system’s privacy settings, then share again.')
    : new SourceProblem('Nothing was shared', 'Choose the window of your call in the browser’s list, then press Share.');
}
