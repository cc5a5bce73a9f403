"""Writes a video that plays in browsers: H.264 in MP4, or VP9 in WebM where FFmpeg has no H.264."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.audio.stream import AudioStream
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from PIL import Image

from moodstream.video_file import VideoFile

_MILLISECOND = Fraction(1, 1000)


class _Format:
    """A container, its encoders, and the sound that browsers play in it."""

    def __init__(self, name: str, video: str, options: dict[str, str], audio: str, plays: set[str]) -> None:
        self.name, self.video, self.options, self.audio, self.plays = name, video, options, audio, plays


_FORMATS = {
    ".mp4": _Format("mp4", "libx264", {"preset": "veryfast", "crf": "21"}, "aac", {"aac", "mp3", "opus", "flac"}),
    ".webm": _Format(
        "webm",
        "libvpx-vp9",
        {"deadline": "realtime", "cpu-used": "6", "row-mt": "1", "crf": "32", "b": "0"},
        "libopus",
        {"opus", "vorbis"},
    ),
}


def copy_suffix() -> str:
    """How the name of a copy ends here."""
    try:
        Codec(_FORMATS[".mp4"].video, "w")
    except UnknownCodecError:
        return ".webm"
    return ".mp4"


class VideoWriter:
    """A copy of a video with other pictures and the same sound; ``path`` appears when the writer is closed.

    Raises:
        OSError: it cannot be written.
        ValueError: the name ends neither in .mp4 nor in .webm.
    """

    def __init__(self, path: Path, original: VideoFile) -> None:
        if path.suffix not in _FORMATS:
            raise ValueError(f"{path.name}: the name of a copy ends in .mp4 or .webm")
        self._path, self._format = path, _FORMATS[path.suffix]
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_name(f".{path.name}.part")
        options = {"movflags": "+faststart"} if self._format.name == "mp4" else {}
        self._container = av.open(str(self._part), "w", format=self._format.name, container_options=options)
        self._rate = original.rate
        self._video: VideoStream | None = None
        self._audio: AudioStream | None = None
        self._copies_sound = False
        self._early_sound: list[av.Packet[Any]] = []
        self._last = -1
        if original.audio is not None:
            self._add_sound(original.audio)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def write(self, image: Image.Image, time_ms: int) -> None:
        """The next picture, RGB; the first decides the size."""
        if self._video is None:
            self._video = self._add_video(*image.size)
        size = (self._video.width, self._video.height)
        if image.size != size:
            same = all(0 <= mine - its <= 1 for mine, its in zip(image.size, size, strict=True))
            image = image.crop((0, 0, *size)) if same else image.resize(size)
        whole: av.VideoFrame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
        frame = whole.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        frame.time_base = _MILLISECOND
        self._last = frame.pts = max(time_ms, self._last + 1)
        self._container.mux(self._video.encode(frame))
        self._write_early_sound()

    def sound(self, packet: av.Packet[Any]) -> None:
        """The next packet of the original's sound."""
        if self._audio is None:
            return
        self._early_sound.append(packet)
        if self._video is not None:
            self._write_early_sound()

    def close(self) -> None:
        """Finish the file; with no picture there is none."""
        try:
            if self._video is not None:
                self._container.mux(self._video.encode(None))
                if self._audio is not None and not self._copies_sound:
                    self._container.mux(self._audio.encode(None))
        finally:
            self._container.close()
            if self._video is None:
                self._part.unlink(missing_ok=True)
            else:
                self._part.replace(self._path)

    def _add_video(self, width: int, height: int) -> VideoStream:
        stream = self._container.add_stream(self._format.video, rate=self._rate, options=self._format.options)
        assert isinstance(stream, VideoStream)
        # These formats halve the colour's resolution, so sides are even.
        stream.width, stream.height, stream.pix_fmt = width & ~1 or 2, height & ~1 or 2, "yuv420p"
        context = stream.codec_context
        context.time_base = _MILLISECOND
        # Without these, players guess by size which colours are meant.
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream

    def _add_sound(self, original: AudioStream) -> None:
        self._copies_sound = original.codec_context.name in self._format.plays
        if self._copies_sound:
            self._audio = self._container.add_stream_from_template(original)
        else:
            rate = 48_000 if self._format.audio == "libopus" else original.rate
            made = self._container.add_stream(self._format.audio, rate=rate)
            assert isinstance(made, AudioStream)
            made.layout = "stereo" if original.channels > 1 else "mono"
            self._audio = made

    def _write_early_sound(self) -> None:
        """Sound waits for the first picture: the file's head is written with the first packet and names all streams."""
        for packet in self._early_sound:
            assert self._audio is not None
            if self._copies_sound:
                packet.stream = self._audio
                self._container.mux(packet)
            else:
                for frame in packet.decode():
                    assert isinstance(frame, av.AudioFrame)
                    self._container.mux(self._audio.encode(frame))
        self._early_sound.clear()
