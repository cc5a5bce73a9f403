"""A video file as a row of upright pictures with their times, and packets of sound."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import av
from av.stream import Disposition
from PIL import Image

#: FFmpeg also reads text as if it were video, and play lists that make it open other files and addresses.
_CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,gif,apng,mjpeg,h264,hevc,ivf,mxf,wtv,"
    "dv,nut"
)
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
#: Larger pictures are not decoded: a few bytes can claim to be very large ones.
_MOST_PIXELS = 25_000_000
#: Turn a decoder's picture by so many degrees, counterclockwise.
_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
#: Frames a second where a file tells neither times nor rate.
_USUAL_RATE = Fraction(25)
#: The end of a file may lack so much of what its head promises, as a share or in seconds.
_MISSING_SHARE, _MISSING_S = 0.05, 1.0


class VideoError(ValueError):
    """Not a video, or a damaged one; the message is the second half of a sentence that begins with the file's name."""


@dataclass(frozen=True)
class Picture:
    """An upright RGB picture, its number from 0 on and its time in the video; ``wanted``: it is to be read."""

    number: int
    time_ms: int
    image: Image.Image
    wanted: bool


class VideoFile:
    """An open video.

    Args:
        source: a file, or something to read one from.
        pictures_a_second: how many are marked as wanted, at most; None for all.

    Raises:
        VideoError: it is no video, or cannot be read.
        OSError: the file cannot be read.
    """

    def __init__(self, source: Path | BinaryIO, pictures_a_second: float | None = None) -> None:
        self._interval_ms = 1000 / pictures_a_second if pictures_a_second else 0.0
        self._damaged, self._pictures, self._last_ms = 0, 0, 0
        if isinstance(source, Path):
            with source.open("rb") as file:  # FFmpeg's own words for a missing file are worse than Python's
                if not file.read(1):
                    raise VideoError("is empty")
        try:
            self._container = av.open(str(source) if isinstance(source, Path) else source, "r", options=_OPTIONS)
        except av.FFmpegError as error:
            if isinstance(error, av.InvalidDataError):
                raise VideoError("is no video, or one whose beginning or end is missing") from None
            raise VideoError("is no video of a kind that is read here, such as MP4, WebM, MOV or AVI") from None
        videos = [s for s in self._container.streams.video if not s.disposition & Disposition.attached_pic]
        if not videos:
            self._container.close()
            raise VideoError("has no moving pictures in it")
        self._video = videos[0]
        self._check_size(self._video.width, self._video.height)
        self._video.thread_type = "AUTO"
        self._video.codec_context.options = {"max_pixels": str(_MOST_PIXELS)}
        self.audio = next(iter(self._container.streams.audio), None)
        self._start_s = Fraction(self._container.start_time or 0, av.time_base)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._container.close()

    @property
    def duration_s(self) -> float | None:
        """As the file's head says, if it does."""
        if self._container.duration:
            return self._container.duration / av.time_base
        if self._video.duration and self._video.time_base:
            return float(self._video.duration * self._video.time_base)
        return None

    @property
    def rate(self) -> Fraction:
        """Pictures a second, on the average."""
        return self._video.average_rate or self._video.guessed_rate or _USUAL_RATE

    def pictures(self, sound: Callable[[av.Packet[Any]], None] | None = None) -> Generator[Picture, None, None]:
        """The pictures, in order; the packets of sound between them go to ``sound``, their times counted from 0 on."""
        streams = [self._video, *([self.audio] if self.audio and sound else [])]
        due_ms = 0.0
        packets = self._container.demux(streams)
        while True:
            try:
                packet = next(packets)
                if packet.stream is not self._video:
                    if sound is not None and packet.dts is not None:
                        self._count_from_start(packet)
                        sound(packet)
                    continue
                frames = packet.decode()
            except StopIteration:
                return
            except av.EOFError:
                return
            except av.FFmpegError:
                self._damaged += 1
                continue
            for frame in frames:
                assert isinstance(frame, av.VideoFrame)
                picture = self._picture(frame, due_ms)
                if picture.wanted:
                    due_ms = max(due_ms + self._interval_ms, picture.time_ms - self._interval_ms)
                yield picture

    def check_whole(self) -> None:
        """Say so if not all could be read.

        Raises:
            VideoError: there was nothing in it, or parts were damaged, or its end is missing.
        """
        if not self._pictures:
            raise VideoError("holds no picture that can be read: it is damaged")
        at_s, whole_s = self._last_ms / 1000, self.duration_s
        if whole_s and whole_s - at_s > max(whole_s * _MISSING_SHARE, _MISSING_S) + 1 / float(self.rate):
            raise VideoError(f"is damaged: it ends after {at_s:.1f} of {whole_s:.1f} seconds; that part was read")
        if self._damaged:
            raise VideoError(f"is damaged in {self._damaged} places; all the rest was read")

    def _picture(self, frame: av.VideoFrame, due_ms: float) -> Picture:
        if frame.width * frame.height > _MOST_PIXELS:
            raise VideoError(
                f"has pictures of {frame.width} x {frame.height}: more than {_MOST_PIXELS} pixels are refused"
            )
        number = self._pictures
        if frame.pts is None or frame.time_base is None:
            time_s = Fraction(number) / self.rate
        else:
            time_s = frame.pts * frame.time_base - self._start_s
        time_ms = max(round(time_s * 1000), 0 if number == 0 else self._last_ms + 1)
        self._pictures, self._last_ms = number + 1, time_ms
        image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
        turn = _TURNS.get(frame.rotation % 360)
        # A millisecond of grace, since times are rounded.
        return Picture(number, time_ms, image.transpose(turn) if turn else image, time_ms >= due_ms - 1)

    @staticmethod
    def _check_size(width: int, height: int) -> None:
        if width * height > _MOST_PIXELS:
            raise VideoError(f"has pictures of {width} x {height}: more than {_MOST_PIXELS} pixels are refused")

    def _count_from_start(self, packet: av.Packet[Any]) -> None:
        start = round(self._start_s / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - start
        packet.dts = None if packet.dts is None else packet.dts - start
