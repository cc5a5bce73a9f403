"""Each task is logged and traced under the stream and frame that its headers name."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Any

from celery import Task
from celery.signals import task_postrun, task_prerun
from opentelemetry.trace import SpanKind

from moodstream import logs, tracing

log = logging.getLogger(__name__)

_open = ExitStack()  # a worker has one task in hand


def follow() -> None:
    """Begin to follow the tasks of this process."""
    task_prerun.connect(_begins)
    task_postrun.connect(_ends)


def _begins(task: Task, **_: Any) -> None:
    headers = dict(task.request.headers or {})
    _open.enter_context(logs.about(*logs.ids_of_task(headers)))
    if not tracing.wanted():
        return
    texts = {name: value for name, value in headers.items() if isinstance(value, str)}
    _open.enter_context(tracing.received(task.name, texts, SpanKind.CONSUMER))


def _ends(task: Task, state: str, **_: Any) -> None:
    log.debug("done", extra={"task": task.name, "state": state})
    _open.close()
