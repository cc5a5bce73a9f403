"""How live work is taken and answered: no message is handled twice, so nothing is kept for that.

Celery's defaults serve work that must not be lost: each message is noted as taken and as done, and before a result is
written it is read whether there is one. For live frames that is three round trips of five, and more processor time than
all else around the inference. A live message that dies with its worker is given up by its deadline in any case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from celery import Celery
from celery.backends.redis import RedisBackend
from kombu.transport.redis import Channel, Transport
from redis.connection import Connection


class LiveChannel(Channel):
    """Takes messages for good, one at a time as the worker asks for them."""

    def basic_consume(self, queue: str, no_ack: bool, *args: Any, **kwargs: Any) -> Any:
        return super().basic_consume(queue, True, *args, **kwargs)  # type: ignore[no-untyped-call]  # kombu has few types

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Nothing was noted."""


class LiveTransport(Transport):
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
            "children": self.current_task_children(request),
            "date_done": datetime.now(UTC).isoformat(),
        }
        self.set(self.get_key_for_task(task_id), self.encode(meta))
        return result

    @cached_property
    def _connection(self) -> Connection:
        """The one connection of this process, which connects when it is used; a pool would probe it before each use."""
        return self.client.connection_pool.get_connection()  # type: ignore[no-any-return]

    def _set(self, key: bytes, value: bytes, expires: int | None = None) -> None:
        commands = (("SET", key, value, "EX", expires or self.expires), ("PUBLISH", key, value))
        try:
            packed = self._connection.pack_commands(commands)  # type: ignore[no-untyped-call]
            self._connection.send_packed_command(packed)  # type: ignore[no-untyped-call]
            for _ in commands:
                self._connection.read_response()
        except BaseException:
            # An answer that is still to come must not be taken for the next one's.
            self._connection.disconnect()  # type: ignore[no-untyped-call]
            raise


def serve_live(app: Celery) -> None:
    """Point the app at live work; called before it connects and before its tasks are registered."""
    app.conf.broker_transport = f"{__name__}:{LiveTransport.__name__}"
    app.conf.result_backend = f"{__name__}:{LiveResults.__name__}+{app.conf.result_backend}"
