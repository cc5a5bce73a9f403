"""Videos: their pictures are read through a recorded stream, and drawn into a copy if one is wanted."""

from __future__ import annotations

import io
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from moodstream.annotate import annotate
from moodstream.recording import RecordedStream, Wish
from moodstream.types import FrameReading
from moodstream.video_file import Picture, VideoError, VideoFile
from moodstream.video_writer import VideoWriter, copy_suffix

__all__ = ["Progress", "VideoError", "copy_suffix", "read_video"]

#: How often somebody who waits for an answer asks whether it is still wanted.
_LOOK_S = 0.2
_JPEG = {"quality": 92}


@dataclass(frozen=True)
class Progress:
    """How far the reading of a video is: pictures answered, seconds of the video and of work; ``total_s`` if known."""

    pictures: int
    at_s: float
    total_s: float | None
    elapsed_s: float

    @property
    def share(self) -> float | None:
        """0 to 1; None if the video does not say how long it is."""
        return min(self.at_s / self.total_s, 1.0) if self.total_s else None

    @property
    def left_s(self) -> float | None:
        """Seconds of work that are left, if it goes on as it went so far."""
        return self.elapsed_s * (1 - self.share) / self.share if self.share else None


def read_video(
    source: Path | BinaryIO,
    url: str,
    wish: Wish | None = None,
    *,
    pictures_a_second: float | None = None,
    annotated: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[FrameReading, None, None]:
    """Read a video through the detector service at ``url``; yields an answer for each picture, in order, as they come.

    ``frame`` of an answer counts the video's pictures from 0 and ``captured_ms`` is the time in the video, in
    milliseconds.

    Args:
        source: a file, or something to read one from.
        url: base URL of the detector service.
        wish: what is asked of it.
        pictures_a_second: read at most so many; None for all.
        annotated: where to write a copy with the readings drawn on it, which keeps the sound. The end of its name,
            :func:`copy_suffix`, chooses the format. Whenever the reading ends, what was read so far is in it.
        progress: called after each answer, and while one is awaited for long.
        cancelled: asked again and again; the reading ends early when it says yes. Closing the iterator does the same.

    Raises:
        VideoError: this is no video, or it is damaged. In the latter case all that could be read has been given before.
        ServiceError: the detector service cannot be reached.
        OSError: the file cannot be read, or the copy not be written.
    """
    with ExitStack() as stack:
        video = stack.enter_context(VideoFile(source, pictures_a_second))
        stream = stack.enter_context(RecordedStream(url, wish, cancelled))
        copy = None if annotated is None else stack.enter_context(VideoWriter(annotated, video))
        yield from _Reading(video, stream, copy, progress, cancelled).answers()


class _Reading:
    """One pass through a video."""

    def __init__(
        self,
        video: VideoFile,
        stream: RecordedStream,
        copy: VideoWriter | None,
        progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        self._video, self._stream, self._copy = video, stream, copy
        self._progress, self._cancelled = progress, cancelled
        #: Not drawn yet: those under way and, if not all are read, those between them.
        self._undrawn: deque[Picture] = deque()
        self._shown: FrameReading | None = None
        self._began = time.monotonic()
        self._answered = 0
        self._at_s = 0.0

    def answers(self) -> Iterator[FrameReading]:
        with closing(self._video.pictures(None if self._copy is None else self._copy.sound)) as pictures:
            for picture in pictures:
                if self._cancelled():
                    return
                self._undrawn.append(picture)
                if picture.wanted:
                    while self._stream.full:
                        answer = self._answer()
                        if answer is None:
                            return
                        yield answer
                    self._stream.send(picture.number, picture.time_ms, _jpeg(picture.image))
                elif not self._stream.under_way:
                    self._draw()
        while self._stream.under_way:
            answer = self._answer()
            if answer is None:
                return
            yield answer
        self._draw()
        self._video.check_whole()

    def _answer(self) -> FrameReading | None:
        """The next answer, drawn; None if nobody wants it any more."""
        while (answer := self._stream.receive(_LOOK_S)) is None:
            self._tell()
            if self._cancelled():
                return None
        while self._undrawn and self._undrawn[0].number < answer.frame:
            self._draw_one()
        self._shown = answer
        self._draw_one()
        self._answered += 1
        self._at_s = answer.captured_ms / 1000
        self._tell()
        return answer

    def _draw(self) -> None:
        """Draw pictures that are not read themselves as the last one that was."""
        while self._undrawn:
            self._draw_one()

    def _draw_one(self) -> None:
        picture = self._undrawn.popleft()
        if self._copy is not None:
            readings = self._shown
            self._copy.write(picture.image if readings is None else annotate(picture.image, readings), picture.time_ms)

    def _tell(self) -> None:
        if self._progress is not None:
            elapsed_s = time.monotonic() - self._began
            self._progress(Progress(self._answered, self._at_s, self._video.duration_s, elapsed_s))


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **_JPEG)
    return out.getvalue()
