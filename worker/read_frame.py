"""The task on the queue ``frames``: a picture in, a whole answer out."""

from __future__ import annotations

from functools import cache
from typing import Any

from celery import Task
from celery.signals import celeryd_init, worker_shutdown

from detector_service.decode import PictureError
from detector_service.detectors import Detector, make_detector
from detector_service.find import find
from moodstream import tracing
from moodstream.settings import settings
from moodstream.types import FrameReading, Problem
from moodstream.wire import CLASSIFY, READ_FRAME
from worker import metrics
from worker.app import app


@cache
def detector() -> Detector:
    """This process's detector, made on first use and closed when the worker stops."""
    made = make_detector(settings())
    worker_shutdown.connect(lambda **_: made.close(), weak=False)  # at the interpreter's exit it is too late
    return made


@celeryd_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def load_before_work(**_: Any) -> None:
    """The first picture must not wait for the detector."""
    detector()


@app.task(name=READ_FRAME, bind=True)  # type: ignore[untyped-decorator]  # celery has no types
def read_frame(self: Task, picture: bytes) -> dict[str, Any]:
    """Read every face in a JPEG, PNG or WebP picture.

    Finds the faces, then replaces itself with ``moodstream.classify``: no task waits for another. A refused picture is
    an answer with status ``error``, not a failed task.
    """
    try:
        found, crops = find(picture, detector(), settings())
    except PictureError as error:
        return FrameReading(status="error", error=Problem(error.code, error.message)).to_json()
    for stage, spent in found.timings_ms.items():
        metrics.stages.labels(stage).observe((spent or 0.0) / 1000)
    if not found.readings:
        return found.to_json()
    rest = app.signature(CLASSIFY, args=(crops, len(found.readings)), kwargs={"frame": found.to_json()})
    rest.set(headers=tracing.task_headers(), argsrepr="crops", kwargsrepr="{}")  # else Celery spells out pixels
    return self.replace(rest)  # type: ignore[no-any-return]
