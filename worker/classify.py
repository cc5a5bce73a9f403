"""The task on the queue ``faces``: crops in, probabilities out."""

from __future__ import annotations

import os
import sys
import time
from functools import cache
from typing import Any

import numpy as np
from celery.signals import celeryd_init

from classifier_service.classifier import Classifier, ModelError
from moodstream.settings import settings
from moodstream.types import CROP_BYTES, CROP_SIDE, VERSION, FrameReading
from moodstream.wire import CLASSIFY
from worker import metrics
from worker.app import app, redis_clock

#: A message holds at most so many crops: a frame with more faces than this is no class.
MOST_CROPS = 256

clock = cache(redis_clock)


@cache
def classifier() -> Classifier:
    """This process's classifier, loaded and warmed on first use."""
    loaded = Classifier.load(settings().model)
    metrics.model_info.labels(loaded.name, loaded.version).set(1)
    return loaded


@celeryd_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def load_before_work(**_: Any) -> None:
    """A worker that takes its first task must not make it wait for the model, and one without a model must not start.

    Celery goes on after the errors of those it tells of its start, but not after this one.
    """
    try:
        classifier()
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(os.EX_CONFIG) from None


# Celery would spell out every result for a log line that is never written.
@app.task(name=CLASSIFY, resultrepr_maxsize=1)  # type: ignore[untyped-decorator]  # celery has no types
def classify(
    crops: bytes,
    n: int,
    deadline: int | None = None,
    embeddings: bool = False,
    frame: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Read ``n`` crops, each 48x48 uint8 gray, back to back in ``crops``.

    Work whose ``deadline`` (milliseconds since the epoch by Redis' clock) has passed is answered ``stale`` unread. With
    ``frame``, a partial answer with ``n`` faces, the answer is that frame filled in instead of the plain reply.

    Raises:
        ValueError: ``crops`` is not n·2304 bytes, or ``n`` is out of bounds.
    """
    if not 1 <= n <= MOST_CROPS:
        raise ValueError(f"n is {n}: a message holds 1 to {MOST_CROPS} crops")
    if len(crops) != n * CROP_BYTES:
        raise ValueError(f"{n} crops are {n * CROP_BYTES} bytes, {len(crops)} came")
    if deadline is not None and clock().now_ms() > deadline:
        reply = _reply("stale")
    else:
        began = time.perf_counter()
        result = classifier().classify(np.frombuffer(crops, np.uint8).reshape(n, CROP_SIDE, CROP_SIDE))
        took = time.perf_counter() - began
        metrics.batch_faces.observe(n)
        metrics.stages.labels("classify").observe(took)
        reply = _reply("ok")
        reply["classify_ms"] = round(took * 1000, 3)
        reply["probabilities"] = result.probabilities.tolist()
        reply["embeddings"] = result.embeddings.tobytes() if embeddings else None
    return reply if frame is None else FrameReading.from_json(frame).classified(reply).to_json()


def _reply(status: str) -> dict[str, Any]:
    return {
        "v": VERSION,
        "status": status,
        "probabilities": None,
        "embeddings": None,
        "model": classifier().name,
        "unsure_below": classifier().unsure_below,
        "classify_ms": 0.0,
    }
