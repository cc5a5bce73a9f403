// Plays the video at `address` to its end; gives what a person would notice of it.
async (address) => {
  const video = document.createElement('video');
  video.src = address;
  video.playbackRate = 2;
  document.body.append(video);
  await new Promise((done, failed) => {
    video.onended = done;
    video.onerror = () => failed(new Error(video.error.message));
    video.play().catch(failed);
  });
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  const at = (x, y) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3)];
  return {
    size: [video.videoWidth, video.videoHeight],
    seconds: video.duration,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    sound: video.webkitAudioDecodedByteCount,
    right: at(canvas.width - 8, canvas.height - 8),
  };
};
