"""What Prometheus sees of a worker process. Celery's signals keep it; tasks add what they alone know."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterator
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun, task_received, task_revoked
from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_STAGE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

tasks = Counter("moodstream_tasks", "Tasks done, by what became of them.", ["task", "status"])
busy = Counter("moodstream_worker_busy_seconds", "Time spent on tasks; its rate is the busy share.")
batch_faces = Histogram("moodstream_batch_faces", "Faces of a batch.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256))
stages = Histogram("moodstream_stage_seconds", "Time that a frame spends in a stage.", ["stage"], buckets=_STAGE_S)
worker_info = Gauge("moodstream_worker_info", "The queue that this worker serves; always 1.", ["queue"])
model_info = Gauge("moodstream_model_info", "The loaded model; always 1.", ["name", "version"])


class _InHand(Collector):
    """Messages that this worker has taken and not finished, by queue."""

    def __init__(self) -> None:
        self.served: str | None = None
        self.queues: dict[str, str] = {}
        self.began: float | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("moodstream_queue_under_way", "Messages taken and not finished.", labels=["queue"])
        counts = Tally({self.served: 0} if self.served else {})
        counts.update(list(self.queues.values()))
        for queue, count in counts.items():
            family.add_metric([queue], count)
        yield family


in_hand = _InHand()
REGISTRY.register(in_hand)


def serve(queue: str) -> None:
    """Tell that this worker serves ``queue``, with nothing in hand yet."""
    worker_info.labels(queue).set(1)
    in_hand.served = queue


def busy_for() -> float | None:
    """Seconds since the task in hand began; None without one."""
    began = in_hand.began
    return None if began is None else time.monotonic() - began


def taken(task_id: str, queue: str | None) -> None:
    """A message came."""
    in_hand.queues[task_id] = queue or "unknown"


def begun() -> None:
    """Work on the task in hand begins."""
    in_hand.began = time.monotonic()


def left() -> None:
    """Work on the task in hand ended, however it did."""
    if in_hand.began is not None:
        busy.inc(time.monotonic() - in_hand.began)
    in_hand.began = None


def answered(task_id: str, task: str, answer: Any) -> None:
    """A task's own answer says what became of it."""
    in_hand.queues.pop(task_id, None)
    tasks.labels(task, str(answer.get("status", "ok")) if isinstance(answer, dict) else "ok").inc()


def dropped(task_id: str, task: str, status: str) -> None:
    """A task ended without an answer."""
    in_hand.queues.pop(task_id, None)
    tasks.labels(task, status).inc()


@task_received.connect  # type: ignore[untyped-decorator]  # celery has no types
def _received(request: Any, **_: Any) -> None:
    taken(request.id, request.delivery_info.get("routing_key"))


@task_revoked.connect  # type: ignore[untyped-decorator]
def _revoked(request: Any, **_: Any) -> None:
    dropped(request.id, request.name, "expired")


@task_prerun.connect  # type: ignore[untyped-decorator]
def _begins(**_: Any) -> None:
    begun()


@task_postrun.connect  # type: ignore[untyped-decorator]
def _ends(task_id: str, task: Task, retval: Any, state: str, **_: Any) -> None:
    left()
    if state == "SUCCESS":
        answered(task_id, task.name, retval)
    else:
        dropped(task_id, task.name, "passed_on" if state == "IGNORED" else "failed")
