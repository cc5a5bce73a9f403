"""Recorded crops go to the queue ``faces.recorded`` and are asked after until they are answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio

from detector_service.link import CHANNEL, Headers, Link, QueueDown, TaskFailed
from moodstream import tracing
from moodstream.settings import Settings
from moodstream.wire import RECORDED, recorded_options

__all__ = ["PatientDispatcher", "QueueDown", "TaskFailed"]

log = logging.getLogger(__name__)

_TRY_AGAIN_S = 0.5
#: How often, and after how long, unanswered tasks are looked for.
_ASK_EVERY_S = 5.0


class PatientDispatcher:
    """Has crops classified however long it takes, up to the patience of the settings.

    A worker that dies gives its task back through the queue (late acknowledgement). What Redis itself lost is sent
    again under the same task id, which is also the key of the answer: doing it twice changes nothing.
    """

    def __init__(self, options: Settings) -> None:
        self._url, self._patience_s = options.recorded_redis, options.recorded_patience_s
        self._link = Link(
            self._url, recorded_options(self._url, options.recorded_patience_s, options.recorded_visibility_s)
        )
        self._sent: dict[str, _Task] = {}
        self._asking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; Redis may come later."""
        await self._link.start()
        self._asking = asyncio.create_task(self._ask(), name="lost work")

    async def close(self) -> None:
        """Stop listening; what still waits is told that the queue is down."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._link.close()

    async def classify(self, crops: bytes, n: int, embeddings: bool = False) -> dict[str, Any]:
        """The reply of ``moodstream.classify`` for ``n`` crops, n·2304 bytes, with ``embeddings`` if wanted.

        Raises:
            QueueDown: Redis could not be reached for as long as we are patient.
            TimeoutError: it could, but no answer came.
            TaskFailed: the worker raised.
        """
        give_up_at = time.monotonic() + self._patience_s
        with self._link.expecting() as (task_id, answer):
            task = _Task(crops, n, embeddings, tracing.task_headers(), time.monotonic())
            await self._publish(task_id, task, give_up_at)
            task.sent = time.monotonic()
            self._sent[task_id] = task
            try:
                async with asyncio.timeout(give_up_at - time.monotonic()):
                    return await answer
            finally:
                del self._sent[task_id]

    async def _publish(self, task_id: str, task: _Task, give_up_at: float) -> None:
        while True:
            try:
                await self._link.publish(lambda: self._send(task_id, task))
            except QueueDown:
                if time.monotonic() + _TRY_AGAIN_S > give_up_at:
                    raise
                await asyncio.sleep(_TRY_AGAIN_S)
            else:
                return

    def _send(self, task_id: str, task: _Task) -> None:
        """Runs in the publishing thread. Nobody waits when the patience is over, so the work may end then too."""
        self._link.send(
            task_id,
            RECORDED,
            (task.crops, task.n),
            embeddings=task.embeddings,
            headers=task.headers,
            expires=2 * self._patience_s,
        )

    async def _ask(self) -> None:
        """Look for lost work for as long as the service runs."""
        client = redis.asyncio.Redis.from_url(self._url, socket_timeout=1.0, socket_connect_timeout=1.0)
        async with client:
            while True:
                await asyncio.sleep(_ASK_EVERY_S)
                with contextlib.suppress(redis.RedisError, OSError, TimeoutError, QueueDown):
                    await self._send_lost(client)

    async def _send_lost(self, client: redis.asyncio.Redis) -> None:
        """Send again what neither waits, nor is under way, nor was answered: Redis forgot it (or a worker died in the
        moment between taking a message and noting that it did)."""
        old = {i: task for i, task in self._sent.items() if time.monotonic() - task.sent > _ASK_EVERY_S}
        if not old:
            return
        async with client.pipeline(transaction=True) as pipe:
            pipe.llen(RECORDED)
            pipe.hlen("unacked")
            pipe.exists(*(CHANNEL + task_id for task_id in old))
            waiting, under_way, answered = await pipe.execute()
        if waiting or under_way or answered:
            return
        log.warning("Redis lost %d recorded tasks: sending them again", len(old))
        for task_id, task in old.items():
            task.sent = time.monotonic()
            await self._link.publish(lambda i=task_id, t=task: self._send(i, t))  # type: ignore[misc]


@dataclass(slots=True)
class _Task:
    """Work handed over, kept until it is answered."""

    crops: bytes
    n: int
    embeddings: bool
    headers: Headers
    sent: float
