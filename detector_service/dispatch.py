"""Live crops go to the queue ``faces`` with a deadline; what is late is given up."""

from __future__ import annotations

import asyncio
import itertools
import math
import time

import redis

from detector_service.gather import DeadlinePassed, Gatherer, Reply, Work
from detector_service.link import PUBLISH_S, Link, QueueDown, TaskFailed
from moodstream import tracing
from moodstream.settings import Settings
from moodstream.types import CROP_BYTES
from moodstream.wire import FACES, RedisClock, celery_options

__all__ = ["DeadlinePassed", "Dispatcher", "QueueDown", "TaskFailed"]


class Dispatcher:
    """Has crops classified before a deadline, which travels in the time of the Redis server."""

    def __init__(self, options: Settings) -> None:
        self._link = Link(options.redis_url, celery_options(options.redis_url, options.result_expires_s))
        self._clock_client = redis.Redis.from_url(options.redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._clock = RedisClock(self._clock_client)
        self._most = options.message_faces
        self._gatherer = Gatherer(self._ask, self._most, options.gather_ms / 1000)

    @property
    def connected(self) -> bool:
        """Whether answers can arrive."""
        return self._link.connected

    async def start(self) -> None:
        """Begin to listen; Redis may come later."""
        await self._link.start()

    async def close(self) -> None:
        """Stop listening; what still waits is told that the queue is down."""
        self._gatherer.close()
        await self._link.close()
        self._clock_client.close()

    async def classify(self, crops: bytes, n: int, give_up_at: float, embeddings: bool = False) -> Reply:
        """The reply of ``moodstream.classify`` for ``n`` crops; many go as several messages, to several workers.

        Args:
            crops: n·2304 bytes.
            n: how many faces these are.
            give_up_at: moment of ``time.monotonic()`` after which nobody wants the answer.
            embeddings: whether the reply brings them.

        Raises:
            QueueDown: Redis cannot be reached.
            DeadlinePassed: no answer in time.
            TaskFailed: the worker raised.
        """
        headers = tracing.task_headers()
        if n <= self._most:
            return await self._gatherer.ask(Work(crops, n, give_up_at, embeddings, headers))
        messages = math.ceil(n / self._most)
        bounds = [n * i // messages for i in range(messages + 1)]
        parts = [
            Work(crops[a * CROP_BYTES : b * CROP_BYTES], b - a, give_up_at, embeddings, headers)
            for a, b in itertools.pairwise(bounds)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._gatherer.ask(part)) for part in parts]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return _joined([one.result() for one in asked])

    async def _ask(self, work: Work) -> Reply:
        """The reply to one message."""
        start_by = time.monotonic() + PUBLISH_S
        with self._link.expecting() as (task_id, answer):
            await self._link.publish(lambda: self._send(task_id, work, start_by))
            try:
                async with asyncio.timeout(work.give_up_at - time.monotonic()):
                    return await answer
            except TimeoutError:
                raise DeadlinePassed from None

    def _send(self, task_id: str, work: Work, start_by: float) -> None:
        """Runs in the publishing thread."""
        now = time.monotonic()
        if now > start_by or now > work.give_up_at:
            return
        # No expiry of Celery's beside the deadline: it compares two hosts' clocks, and costs the worker its parsing.
        deadline_ms = self._clock.now_ms() + round((work.give_up_at - now) * 1000)
        args = work.crops, work.n, deadline_ms
        self._link.send(task_id, FACES, args, embeddings=work.embeddings, headers=work.headers)


def _joined(replies: list[Reply]) -> Reply:
    """One reply from those to the messages of a frame, in their order; one that was not read makes the frame unread."""
    for reply in replies:
        if reply["status"] != "ok":
            return reply
    return {
        **replies[0],
        "probabilities": [row for reply in replies for row in reply["probabilities"]],
        "embeddings": b"".join(reply["embeddings"] for reply in replies) if replies[0]["embeddings"] else None,
        # While a new model is rolled out, the workers that took part may have had different ones.
        "model": ", ".join(dict.fromkeys(reply["model"] for reply in replies)),
        "classify_ms": max(reply["classify_ms"] for reply in replies),
    }
