"""Each task is logged and traced under the stream and frame that its headers name."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
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


@contextmanager
def of_task(name: str, headers: Mapping[str, Any]) -> Iterator[None]:
    """What is logged and traced inside is about what the task's headers name."""
    with logs.about(*logs.ids_of_task(headers)):
        if not tracing.wanted():
            yield
            return
        texts = {key: value for key, value in headers.items() if isinstance(value, str)}
        with tracing.received(name, texts, SpanKind.CONSUMER):
            yield


def _begins(task: Task, **_: Any) -> None:
    _open.enter_context(of_task(task.name, task.request.headers or {}))


def _ends(task: Task, state: str, **_: Any) -> None:
    log.debug("done", extra={"task": task.name, "state": state})
    _open.close()
