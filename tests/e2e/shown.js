// The picture on the screen, the canvas over it, and what is said to be drawn there, all at one moment: one at which the
// labels are fresh, which on a busy machine may take a while.
async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const end = Date.now() + 60_000;
  do await frame();
  while (!(window.__moodstream.age < 700 && window.__moodstream.boxes.length) && Date.now() < end);
  const video = document.querySelector('.ms-stage video');
  const overlay = document.querySelector('.ms-stage [data-overlay]');
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d').drawImage(video, 0, 0);
  const { boxes, mirrored } = window.__moodstream;
  return { picture: canvas.toDataURL('image/jpeg', 0.9), overlay: overlay.toDataURL(), boxes, mirrored };
}
