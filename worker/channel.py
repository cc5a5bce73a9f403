"""How messages are taken from Redis: one that is no task is told and dropped, and the worker goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu.transport.redis import Channel, Transport

log = logging.getLogger(__name__)

#: What Celery raises where a message is not even wrapped as a task, and by which it would end the worker.
_NO_TASK = (ValueError, KeyError, TypeError, AttributeError)


@contextmanager
def rubbish_dropped() -> Iterator[None]:
    """Tell of a message that cannot be handled; it was taken from the queue and does not come back."""
    try:
        yield
    except _NO_TASK:
        log.exception(
            "A message could not be handled and is dropped. Was it sent through Celery? See docs/queue-protocol.md"
        )


class TaskChannel(Channel):
    """Outlives what is no task."""

    def _brpop_read(self, **options: Any) -> Any:
        with rubbish_dropped():
            super()._brpop_read(**options)  # type: ignore[no-untyped-call]  # kombu has few types
        return True


class TaskTransport(Transport):
    """Redis, of which no message ends the worker."""

    Channel = TaskChannel
