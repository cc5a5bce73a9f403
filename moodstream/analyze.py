"""Reads all the pictures and videos of one call of ``moodstream analyze``."""

from __future__ import annotations

import io
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Protocol

from PIL import Image

from moodstream.annotate import annotate
from moodstream.inputs import Input
from moodstream.recording import Wish, read_picture
from moodstream.sinks import Sink
from moodstream.types import FrameReading
from moodstream.video import Progress, VideoError, copy_suffix, read_video


@dataclass
class Tally:
    """What became of one input, in numbers."""

    pictures: int = 0
    failed: int = 0
    at_s: float = 0.0
    most_faces: int = 0
    labels: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    last: FrameReading | None = None

    def add(self, answer: FrameReading) -> None:
        """Count one more answer."""
        self.pictures += 1
        self.failed += answer.status != "ok"
        self.at_s, self.last = answer.captured_ms / 1000, answer
        self.most_faces = max(self.most_faces, len(answer.readings))
        if answer.view == "individual":
            for reading in answer.readings:
                if reading.label:
                    self.labels[reading.label] += 1
        elif answer.group is not None and answer.group["shares"]:
            faces = answer.group["faces"]
            for label, share in answer.group["shares"].items():
                self.labels[label] += share * faces

    def shares(self) -> dict[str, float]:
        """The share of each label in all readings; empty if there were none, or too few for a group."""
        total = sum(self.labels.values())
        return {label: count / total for label, count in self.labels.items()} if total else {}


class Report(Protocol):
    """Hears how it goes; in the order of the inputs."""

    def begins(self, each: Input) -> None: ...

    def progress(self, each: Input, progress: Progress) -> None: ...

    def ends(self, each: Input, tally: Tally, problem: str | None, copy: Path | None) -> None:
        """``problem``: what was wrong, a sentence without the file's name; ``copy``: the annotated one."""


@dataclass(frozen=True)
class Job:
    """How inputs are read: by the service at ``url``, into ``sink``, with copies in the folder ``copies`` if wanted."""

    url: str
    wish: Wish
    sink: Sink
    report: Report
    copies: Path | None = None
    pictures_a_second: float | None = None
    cancelled: Callable[[], bool] = lambda: False

    def run(self, inputs: Iterable[Input]) -> int:
        """Read them all; returns how many could not be read, wholly or in part.

        Raises:
            ServiceError: the detector service cannot be reached.
            OSError: a result cannot be written.
        """
        failed = 0
        for kind, row in groupby(inputs, lambda each: each.kind):
            for good in (self._pictures if kind == "picture" else self._videos)(row):
                failed += not good
                if self.cancelled():
                    return failed
        return failed

    def _videos(self, inputs: Iterable[Input]) -> Iterator[bool]:
        """One after the other: each keeps the service busy by itself."""
        yield from map(self._video, inputs)

    def _video(self, each: Input) -> bool:
        self.report.begins(each)
        tally, problem = Tally(), None
        copy = None if self.copies is None else self.copies / each.copy.with_name(each.copy.name + copy_suffix())
        answers = read_video(
            each.source,
            self.url,
            self.wish,
            pictures_a_second=self.pictures_a_second,
            annotated=copy,
            progress=lambda progress: self.report.progress(each, progress),
            cancelled=self.cancelled,
        )
        try:
            with closing(answers):
                for answer in answers:
                    self.sink.write(each.name, answer)
                    tally.add(answer)
        except VideoError as error:
            problem = str(error)
        if problem is None and tally.failed:
            assert tally.last is not None
            problem = f"{tally.failed} of {tally.pictures} pictures could not be read"
        self.report.ends(each, tally, problem, copy if copy is not None and tally.pictures else None)
        return problem is None

    def _pictures(self, inputs: Iterable[Input]) -> Iterator[bool]:
        """Several at a time, told in order."""
        with ThreadPoolExecutor(self.wish.window, "picture") as pool:
            for each, answered in _in_order(pool, self._picture, inputs, self.wish.window):
                self.report.begins(each)
                try:
                    answer = answered.result()
                except _UnreadableError as error:
                    self.report.ends(each, Tally(), str(error), None)
                    yield False
                    continue
                if answer is None:
                    return
                self.sink.write(each.name, answer)
                tally = Tally()
                tally.add(answer)
                problem = None
                if answer.status != "ok":
                    problem = answer.error.message if answer.error else f"was answered {answer.status}"
                copy = None if self.copies is None else self.copies / each.copy.with_name(each.copy.name + ".png")
                self.report.ends(each, tally, problem, None if problem else copy)
                yield problem is None

    def _picture(self, each: Input) -> FrameReading | None:
        if self.cancelled():
            return None
        try:
            picture = each.source.read_bytes() if isinstance(each.source, Path) else each.source.read()
        except OSError as error:
            raise _UnreadableError(error.strerror or str(error)) from error
        answer = read_picture(self.url, picture, self.wish, self.cancelled)
        if answer is not None and answer.status == "ok" and self.copies is not None:
            copy = self.copies / each.copy.with_name(each.copy.name + ".png")
            copy.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(io.BytesIO(picture)) as original:
                annotate(original, answer).save(copy)
        return answer


class _UnreadableError(Exception):
    """A picture's file cannot be read."""


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Input], FrameReading | None], inputs: Iterable[Input], at_a_time: int
) -> Iterator[tuple[Input, Future[FrameReading | None]]]:
    """Begun at most ``at_a_time`` ahead, so that neither pictures nor answers pile up."""
    begun: deque[tuple[Input, Future[FrameReading | None]]] = deque()
    for each in inputs:
        begun.append((each, pool.submit(work, each)))
        if len(begun) >= at_a_time:
            yield begun.popleft()
    yield from begun
