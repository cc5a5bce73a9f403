"""What one stream remembers from frame to frame: seats, smoothed readings, the group."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detector_service.group import only_group, summary
from detector_service.hello import Hello, Resume
from detector_service.seats import Seats
from detector_service.smooth import DEFAULT_S, Smoothed, Smoother
from moodstream.types import CROP_SIDE, EXPRESSIONS, UNSURE, FrameReading, Reading, View

#: The group is made of the faces that were seen within this time.
GROUP_S = 2.0
#: A stamp that does not advance counts as the next picture of an ordinary camera.
_STEP_S = 1 / 30
#: Nothing is remembered for so long, and a stamp of nonsense must not use up the precision of the clock.
_LONGEST_STEP_S = 3600.0


class Clock:
    """The stream's own time in seconds, from the frames' capture stamps, so that live and recorded are alike.

    It never runs backwards: the clock of a sender may be set, and a sender may give no stamps at all.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._stamp: int | None = None

    def start(self, captured_ms: int) -> None:
        """Take ``captured_ms`` for the last frame's stamp."""
        self._stamp = captured_ms

    def advance(self, captured_ms: int) -> float:
        """The time of the next frame."""
        if self._stamp is not None:
            step = (captured_ms - self._stamp) / 1000
            self.now_s += min(step, _LONGEST_STEP_S) if step > 0 else _STEP_S
        self._stamp = captured_ms
        return self.now_s


class Session:
    """Turns the answers to single frames, given in order, into those of a stream.

    Args:
        individual: whether the operator allows that view.
        group_min: faces from which on the group's shares are told.
    """

    def __init__(self, individual: bool, group_min: int) -> None:
        self._individual, self._group_min = individual, group_min
        self._hello = Hello(v=1)
        self._clock, self._seats, self._smoother = Clock(), Seats(), Smoother()

    @property
    def view(self) -> View:
        """What is answered in: as asked for, if that is allowed."""
        return self._hello.view if self._individual else "group"

    @property
    def needs_embeddings(self) -> bool:
        """Whether the classifier must give them."""
        return self._hello.adaptation is not None or (self._hello.embeddings and self.view == "individual")

    def agree(self, hello: Hello) -> None:
        """Go on as the hello says; seats and what was read in them stay."""
        self._hello = hello
        self._smoother.time_constant_s = DEFAULT_S if hello.smoothing is None else hello.smoothing
        if hello.resume is not None:
            self._resume(hello.resume)

    def settle(self, answer: FrameReading) -> FrameReading:
        """The stream's answer from a frame's own: with seats, smoothed, with the group, and in the view agreed on.

        Faces that were found, but too late to be read, keep their seats all the same.
        """
        if self._hello.adaptation is not None:
            answer = self._hello.adaptation.adapted(answer)
        if answer.width is None or answer.height is None:
            return replace(answer, view=self.view)
        now_s = self._clock.advance(answer.captured_ms)
        boxes = [reading.face.box for reading in answer.readings]
        crops = np.frombuffer(b"".join(reading.crop or b"" for reading in answer.readings), np.uint8)
        crops = crops.reshape(-1, CROP_SIDE, CROP_SIDE)
        numbers = self._seats.assign(boxes, crops, (answer.width, answer.height), now_s)
        self._smoother.keep(set(self._seats.held()))
        readings = tuple(
            self._settled(reading, seat, answer.unsure_below, now_s)
            for reading, seat in zip(answer.readings, numbers, strict=True)
        )
        labels = [self._smoother.label(seat) for seat in self._seats.seen_since(now_s - GROUP_S)]
        names = max((reading.names for reading in readings), key=len, default=EXPRESSIONS)
        settled = replace(answer, readings=readings, group=summary(labels, self._group_min, names), view=self.view)
        return settled if self.view == "individual" else only_group(settled)

    def _settled(self, reading: Reading, seat: int, unsure_below: float | None, now_s: float) -> Reading:
        reading = replace(reading, face=replace(reading.face, seat=seat))
        if reading.raw is None or unsure_below is None:
            return reading
        now = self._smoother.smooth(seat, reading.names, reading.raw, unsure_below, now_s)
        embedding = reading.embedding if self._hello.embeddings else None
        return replace(reading, label=now.label, probabilities=now.probabilities, embedding=embedding)

    def _resume(self, last: Resume) -> None:
        self._clock.start(last.captured_ms)
        faces = [(face.seat, face) for face in last.faces if face.seat is not None]
        boxes = [(seat, face.box) for seat, face in faces]
        self._seats.resume(boxes, (last.width, last.height), self._clock.now_s)
        for seat, face in faces:
            if face.probabilities and face.label in (*face.probabilities, UNSURE):
                names, values = tuple(face.probabilities), tuple(face.probabilities.values())
                self._smoother.resume(seat, Smoothed(names, values, face.label, self._clock.now_s))
