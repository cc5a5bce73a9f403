// The camera: opening it, listing the others, and saying in words why it would not open.

const IDEAL = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

export class CameraProblem extends Error {
  constructor(title, words) {
    super(words);
    this.title = title;
  }
}

/** Open the camera `deviceId`, or the default one for ''. Throws a CameraProblem to be shown. */
export async function openCamera(deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new CameraProblem(
      'The browser keeps the camera locked',
      'A camera works only over HTTPS or on localhost. Open this page by an https:// address.',
    );
  }
  const chosen = deviceId ? { ...IDEAL, deviceId: { exact: deviceId } } : { ...IDEAL, facingMode: 'user' };
  try {
    return await navigator.mediaDevices.getUserMedia({ video: chosen, audio: false });
  } catch (error) {
    throw problemOf(error);
  }
}

/** The cameras there are; their names are known once one has been allowed. */
export async function listCameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === 'videoinput');
}

/** Whether this camera looks at its own user, so that a mirrored picture is the natural one. */
export const facesUser = (track) => track.getSettings().facingMode !== 'environment';

export function closeCamera(media) {
  media?.getTracks().forEach((track) => track.stop());
}

function problemOf(error) {
  switch (error.name) {
    case 'NotAllowedError':
      return new CameraProblem(
        'The camera is not allowed',
        'Allow it for this page in the address bar (the camera sign), then start again.',
      );
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new CameraProblem('No camera was found', 'Plug one in, or use the Picture tab, then start again.');
    case 'NotReadableError':
      return new CameraProblem('The camera is busy', 'Another program seems to use it. Close that, then start again.');
    default:
      return new CameraProblem('The camera did not start', `${error.name}: ${error.message}`);
  }
}
