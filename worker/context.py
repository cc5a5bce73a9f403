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
    """Begin to follow the tasks of this process; called once it is known whether anybody takes their spans."""
    task_prerun.connect(_begins)
    if tracing.wanted():
        task_prerun.connect(_begins_traced)
    task_postrun.connect(_ends)


def _begins(task: Task, **_: Any) -> None:
    _open.enter_context(logs.about(*logs.ids_of_task(task.request.headers or {})))


def _begins_traced(task: Task, **_: Any) -> None:
    headers = task.request.headers or {}
    texts = {name: value for name, value in headers.items() if isinstance(value, str)}
    _open.enter_context(tracing.received(task.name, texts, SpanKind.CONSUMER))


def _ends(task: Task, state: str, **_: Any) -> None:
    log.debug("done", extra={"task": task.name, "state": state})
    _open.close()
