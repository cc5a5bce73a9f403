"""How live work is taken and answered: no message is handled twice, so nothing is kept for that.

Celery's defaults serve work that must not be lost: each message is noted as taken and as done, and before a result is
written it is read whether there is one. For live frames that is three round trips of five, and more processor time than
all else around the inference. A live message that dies with its worker is given up by its deadline in any case.

A worker with work waiting goes from message to message: the trip that brings an answer brings the next message back.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from celery import Celery
from celery.backends.redis import RedisBackend
from redis.connection import Connection

from worker.channel import TaskChannel, TaskTransport, rubbish_dropped
from worker.direct import strategy

#: So long at most a worker goes from message to message before it looks at signals and timers again.
TURN_S = 0.05


class Next:
    """The next message: no sooner than the answer to the one in hand is written, but in the same trip."""

    def __init__(self) -> None:
        self.queue: str | None = None
        self.message: bytes | None = None

    def wanted(self) -> tuple[tuple[str, str], ...]:
        """The command that takes it, if it may come now."""
        return () if self.queue is None else (("RPOP", self.queue),)


_next = Next()  # a worker has one task in hand


class LiveChannel(TaskChannel):
    """Takes messages for good, one at a time as the worker is free for them."""

    def _brpop_read(self, **options: Any) -> Any:
        queue = next(iter(self.active_queues), None)  # none while the worker stops
        until = time.monotonic() + TURN_S
        _next.queue = queue
        try:
            super()._brpop_read(**options)
            while _next.message is not None:
                message, _next.message = _next.message, None
                if time.monotonic() > until:
                    _next.queue = None
                with rubbish_dropped():
                    self.connection._deliver(json.loads(message), queue)
        finally:
            _next.queue = None
        return True

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> Any:
        return super().basic_consume(queue, True, *args, **kwargs)  # type: ignore[no-untyped-call]  # kombu has few types

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Nothing was noted."""


class LiveTransport(TaskTransport):
    """Redis without acknowledgements."""

    Channel = LiveChannel


class LiveResults(RedisBackend):  # type: ignore[misc]  # celery has no types
    """Writes and publishes each result in one trip, without a look at what is there."""

    def _store_result(
        self, task_id: str, result: Any, state: str, traceback: Any = None, request: Any = None, **_: Any
    ) -> Any:
        # Celery's own way to this costs as much as writing it.
        meta = {
            "task_id": task_id,
            "status": state,
            "result": result,
            "traceback": traceback,
            "children": self.current_task_children(request) or [],
            "date_done": datetime.now(UTC).isoformat(),
        }
        self.set(self.get_key_for_task(task_id), self.encode(meta))
        return result

    @cached_property
    def _connection(self) -> Connection:
        """The one connection of this process, which connects when it is used; a pool would probe it before each use."""
        return self.client.connection_pool.get_connection()  # type: ignore[no-any-return]

    def set(self, key: bytes, value: bytes, **policy: Any) -> Any:
        # Celery prepares to try again before it tries.
        try:
            return self._set(key, value)
        except self.connection_errors:
            return super().set(key, value, **policy)

    def _set(self, key: bytes, value: bytes, expires: int | None = None) -> None:
        taking = _next.wanted()
        commands = (("SET", key, value, "EX", expires or self.expires), ("PUBLISH", key, value), *taking)
        try:
            packed = self._connection.pack_commands(commands)  # type: ignore[no-untyped-call]
            self._connection.send_packed_command(packed)  # type: ignore[no-untyped-call]
            answers = [self._connection.read_response() for _ in commands]
        except BaseException:
            # An answer that is still to come must not be taken for the next one's.
            self._connection.disconnect()  # type: ignore[no-untyped-call]
            raise
        if taking:
            _next.message = answers[-1]


def serve_live(app: Celery) -> None:
    """Point the app at live work; called before it connects and before its tasks are registered."""
    app.conf.broker_transport = f"{__name__}:{LiveTransport.__name__}"
    app.conf.result_backend = f"{__name__}:{LiveResults.__name__}+{app.conf.result_backend}"
    app.Task.Strategy = f"{strategy.__module__}:{strategy.__name__}"
