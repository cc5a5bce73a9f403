"""What Prometheus sees of a detector process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from moodstream.types import STAGES, FrameReading

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """Counters of one service, in a registry of their own so that tests can have several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.frames = Counter("moodstream_frames", "Frames answered.", ["status", "code"], registry=self.registry)
        self.faces = Counter("moodstream_faces", "Faces found.", registry=self.registry)
        self.in_flight = Gauge("moodstream_in_flight", "Frames under way.", registry=self.registry)
        self.streams = Gauge("moodstream_streams", "Open streams.", registry=self.registry)
        self.stages = Histogram(
            "moodstream_stage_seconds", "Time spent on a frame.", ["stage"], buckets=_SECONDS, registry=self.registry
        )

    def count(self, answer: FrameReading) -> None:
        """One frame was answered."""
        self.frames.labels(answer.status, "" if answer.error is None else answer.error.code).inc()
        self.faces.inc(len(answer.readings))
        for stage in STAGES:
            spent = answer.timings_ms.get(stage)
            if spent is not None:
                self.stages.labels(stage).observe(spent / 1000)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
