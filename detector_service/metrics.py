"""What Prometheus sees of a detector process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from moodstream.types import FrameReading

_STAGE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_AGE_S = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 5)
#: Stage of an answer's timings → its name here; ``queue`` is the time that a frame waits for a worker and its answer.
_STAGES = {"decode": "decode", "detect": "detect", "crop": "crop", "queue": "wait", "classify": "classify"}


class Metrics:
    """Counters of one service, in a registry of their own so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.demand = Demand()
        self.frames = Counter("moodstream_frames", "Frames answered.", ["status", "code"], registry=self.registry)
        self.faces = Counter("moodstream_faces", "Faces found.", registry=self.registry)
        self.stages = Histogram(
            "moodstream_stage_seconds",
            "Time that a frame spends in a stage.",
            ["stage"],
            buckets=_STAGE_S,
            registry=self.registry,
        )
        self.age = Histogram(
            "moodstream_age_seconds",
            "From the arrival of a live frame to its labels.",
            buckets=_AGE_S,
            registry=self.registry,
        )
        self.streams = Gauge("moodstream_streams", "Open streams.", registry=self.registry)
        self.streams_moved = Counter(
            "moodstream_streams_moved", "Streams asked to connect again because frames waited.", registry=self.registry
        )
        self.frames_in_flight = Gauge("moodstream_frames_in_flight", "Frames under way.", registry=self.registry)
        self.faces_in_flight = Gauge("moodstream_faces_in_flight", "Faces in the queue.", registry=self.registry)
        self.faces_allowed = Gauge(
            "moodstream_faces_allowed", "Faces that may be under way before frames are refused.", registry=self.registry
        )
        self.faces_refused = Counter("moodstream_faces_refused", "Faces refused.", registry=self.registry)
        Gauge(
            "moodstream_demand_faces",
            "Faces a second that were handed to the queue or refused, and "
            f"{Demand.MESSAGE_FACES:g} more a message; mean over {Demand.WINDOW_S:.0f} s.",
            registry=self.registry,
        ).set_function(self.demand.rate)
        self._waiting = Gauge(
            "moodstream_queue_waiting", "Messages that no worker has taken yet.", ["queue"], registry=self.registry
        )

        self._unacknowledged = Gauge(
            "moodstream_queue_unacknowledged",
            "Messages that a worker has taken and not finished, as Redis knows it: a dead worker's too.",
            ["queue"],
            registry=self.registry,
        )

    def count(self, answer: FrameReading, *, live: bool = True) -> None:
        """One frame was answered; the age of a recorded one says nothing, since it may wait."""
        self.frames.labels(answer.status, "" if answer.error is None else answer.error.code).inc()
        self.faces.inc(len(answer.readings))
        for stage, name in _STAGES.items():
            spent = answer.timings_ms.get(stage)
            if spent is not None:
                self.stages.labels(name).observe(spent / 1000)
        total = answer.timings_ms.get("total")
        if live and answer.status == "ok" and total is not None:
            self.age.observe(total / 1000)

    @contextmanager
    def under_way(self, faces: int) -> Iterator[None]:
        """While the queue reads ``faces`` faces."""
        self.demand.add(faces)
        self.faces_in_flight.inc(faces)
        try:
            yield
        finally:
            self.faces_in_flight.dec(faces)

    def refuse(self, faces: int | None = None) -> None:
        """Faces were refused; None if the frame was refused unseen, which then counts like a recent one."""
        counted = self.demand.usual_faces() if faces is None else faces
        self.demand.add(counted)
        self.faces_refused.inc(counted)

    def text(self, waiting: Mapping[str, int], unacknowledged: Mapping[str, int]) -> bytes:
        """All metrics in Prometheus' text format, with the lengths of the queues as far as they are known."""
        for gauge, lengths in ((self._waiting, waiting), (self._unacknowledged, unacknowledged)):
            gauge.clear()
            for queue, length in lengths.items():
                gauge.labels(queue).set(length)
        return generate_latest(self.registry)


class Demand:
    """How many faces a second people want read: the number that classifier workers are scaled on.

    Faces count when they are handed to the queue or refused, not when they are answered, so the number does not fall
    when the workers cannot keep up.
    """

    WINDOW_S = 10.0
    #: What a message costs a worker beside its faces, in faces: a stream of one face and a class then fill workers
    #: alike (``python -m bench.costs`` has the figures).
    MESSAGE_FACES = 3.0

    def __init__(self) -> None:
        self._events: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self._usual = 1.0

    def add(self, faces: float) -> None:
        """``faces`` of one frame are wanted now."""
        self._usual += 0.05 * (faces - self._usual)
        work = faces + self.MESSAGE_FACES
        self._events.append((time.monotonic(), work))
        self._sum += work
        self._forget()

    def usual_faces(self) -> float:
        """Faces of a recent frame, smoothed."""
        return max(self._usual, 1.0)

    def rate(self) -> float:
        """Faces a second, mean over the window."""
        self._forget()
        return self._sum / self.WINDOW_S if self._events else 0.0

    def _forget(self) -> None:
        before = time.monotonic() - self.WINDOW_S
        while self._events and self._events[0][0] < before:
            self._sum -= self._events.popleft()[1]
