"""The reading of one video in a thread of its own: its progress, and in the end its files and timeline."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from csv import DictWriter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moodstream.client import ServiceError
from moodstream.table import COLUMNS, face_rows
from moodstream.types import EXPRESSIONS, UNSURE, FrameReading
from moodstream.video import Progress, VideoError, copy_suffix, read_video

#: A timeline has about so many bars, however long the video is.
_BARS = 40
_SECOND_COLUMNS = ("second", "pictures", "faces", *EXPRESSIONS, UNSURE)
_FACE_COLUMNS = ("picture", "time_s", *COLUMNS)


@dataclass
class Timeline:
    """Labels second by second: how many pictures were read in it, and how often each label was given."""

    pictures: Counter[int] = field(default_factory=Counter)
    labels: dict[int, Counter[str]] = field(default_factory=dict)

    def add(self, answer: FrameReading) -> None:
        """Count an answer; in group view the group's shares stand for its faces."""
        second = answer.captured_ms // 1000
        self.pictures[second] += 1
        counts = self.labels.setdefault(second, Counter())
        shares = (answer.group or {}).get("shares")
        if answer.view == "group" and shares:
            for name, share in shares.items():
                counts[name] += share * len(answer.readings)
        counts.update(reading.label for reading in answer.readings if reading.label)

    def bars(self) -> list[dict[str, Any]]:
        """Rows of a stacked plot: the mean number of faces with a label, in bins of whole seconds."""
        if not self.pictures:
            return []
        width = math.ceil((max(self.pictures) + 1) / _BARS)
        rows = []
        for start in range(0, max(self.pictures) + 1, width):
            seconds = range(start, start + width)
            pictures = sum(self.pictures[second] for second in seconds)
            counts = sum((self.labels.get(second, Counter()) for second in seconds), Counter[str]())
            rows += [
                {
                    "time": _clock(start),
                    "expression": name,
                    "faces": round(counts[name] / pictures, 3) if pictures else 0.0,
                }
                for name in (*EXPRESSIONS, UNSURE)
            ]
        return rows

    def seconds(self) -> Iterator[dict[str, Any]]:
        """A row for each second with pictures: the mean number of faces, in all and by label."""
        for second, pictures in sorted(self.pictures.items()):
            means = {name: count / pictures for name, count in self.labels[second].items()}
            named = {name: round(means.get(name, 0.0), 3) for name in (*EXPRESSIONS, UNSURE)}
            yield {"second": second, "pictures": pictures, "faces": round(sum(means.values()), 3), **named}


def _clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes}:{seconds:02}"


class VideoJob:
    """Reads a video until its end, until :meth:`cancel`, or until ``gone`` is set.

    Args:
        source: the video.
        folder: where the results are written.
        url: base URL of the detector service.
        pictures_a_second: how many are read at most; None for all.
        most_s: seconds of the video after which the reading ends.
        gone: set when nobody waits for the results any more.
    """

    def __init__(
        self,
        source: Path,
        folder: Path,
        url: str,
        *,
        pictures_a_second: float | None,
        most_s: float,
        gone: threading.Event,
    ) -> None:
        self._source, self._url, self._gone = source, url, gone
        self._pictures_a_second, self._most_s = pictures_a_second, most_s
        self._cancelled, self._done = threading.Event(), threading.Event()
        self.annotated = folder / f"{source.stem} annotated{copy_suffix()}"
        self.faces_csv = folder / f"{source.stem} faces.csv"
        self.seconds_csv = folder / f"{source.stem} seconds.csv"
        self.timeline = Timeline()
        self.progress = Progress(0, 0.0, None, 0.0)
        self.faces = 0
        #: Why the video was not read, or not to its end; a sentence.
        self.problem = ""
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """End early; what was read so far stays."""
        self._cancelled.set()

    def wait(self, within_s: float) -> bool:
        """Whether the reading ended within so many seconds."""
        return self._done.wait(within_s)

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for an early end."""
        return self._cancelled.is_set()

    @property
    def too_long(self) -> bool:
        """Whether the reading reached the longest time that is read."""
        return self.progress.at_s >= self._most_s

    def _run(self) -> None:
        try:
            with ExitStack() as stack:
                table = stack.enter_context(self.faces_csv.open("w", encoding="utf-8", newline=""))
                rows = DictWriter(table, _FACE_COLUMNS)
                rows.writeheader()
                for answer in self._answers():
                    self.timeline.add(answer)
                    self.faces += len(answer.readings)
                    head = {"picture": answer.frame, "time_s": answer.captured_ms / 1000}
                    rows.writerows({**head, **row} for row in face_rows(answer))
            with self.seconds_csv.open("w", encoding="utf-8", newline="") as table:
                rows = DictWriter(table, _SECOND_COLUMNS)
                rows.writeheader()
                rows.writerows(self.timeline.seconds())
        except VideoError as error:
            self.problem = f"{self._source.name} {error}."
        except ServiceError:
            self.problem = "The detector cannot be reached. Please try again in a moment."
        except OSError as error:
            if not self._gone.is_set():  # else its folder was taken away with the session
                self.problem = f"The server could not write the results: {error.strerror}."
        finally:
            self._done.set()

    def _answers(self) -> Iterator[FrameReading]:
        return read_video(
            self._source,
            self._url,
            pictures_a_second=self._pictures_a_second,
            annotated=self.annotated,
            progress=self._tell,
            cancelled=self._unwanted,
        )

    def _tell(self, progress: Progress) -> None:
        self.progress = progress

    def _unwanted(self) -> bool:
        return self._gone.is_set() or self._cancelled.is_set() or self.too_long
