"""The way to a queue and back: tasks are sent by name, answers come without a thread per frame."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import celery
import msgpack
import redis
import redis.asyncio

from moodstream.wire import CLASSIFY

log = logging.getLogger(__name__)

#: Longest that handing a task to Redis may take; refusing must be quick when Redis is gone.
PUBLISH_S = 1.2
#: How long a frame waits for a subscription that is just being made again.
_RECONNECT_S = 0.3
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
CHANNEL = "celery-task-meta-"

Headers = dict[str, str | int]


class QueueDown(Exception):  # noqa: N818 - a state of the world, like asyncio.QueueFull
    """Redis cannot be reached."""


class TaskFailed(Exception):  # noqa: N818
    """The worker raised; the message is its."""


class Link:
    """Sends tasks and awaits their results through one subscription for the whole process.

    Celery stores a result under, and publishes it on, ``celery-task-meta-<task id>``. Our task ids share a prefix, so
    one pattern brings all our answers and nobody else's.
    """

    def __init__(self, url: str, celery_options: dict[str, Any]) -> None:
        self._url = url
        self._prefix = str(uuid.uuid4())
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._subscribed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        # One thread: kombu's channel and the clock are not for several at a time.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="publish")
        self.app = celery.Celery("moodstream-detector", set_as_current=False)
        self.app.conf.update(celery_options)
        # With a result backend Celery would subscribe once per task by itself; without one it only publishes.
        self.app.conf.result_backend = None
        # kombu would otherwise try to connect for ever, in the one thread that publishes.
        sockets = self.app.conf.broker_transport_options
        self.app.conf.broker_transport_options = {**sockets, "max_retries": 0, "connect_retries_timeout": 1}

    @property
    def connected(self) -> bool:
        """Whether answers can arrive."""
        return self._subscribed.is_set()

    async def start(self) -> None:
        """Begin to listen; Redis may come later."""
        self._listener = asyncio.create_task(self._listen(), name="results")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PUBLISH_S):
                await self._subscribed.wait()

    async def close(self) -> None:
        """Stop listening; what still waits is told that the queue is down."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(QueueDown("the service is stopping"))
        await asyncio.get_running_loop().run_in_executor(self._sender, self._disconnect)
        self._sender.shutdown(wait=False)

    def _disconnect(self) -> None:
        # Closing the app alone would leave its connection open, in a pool that kombu keeps for all apps of the process.
        with contextlib.suppress(Exception), self.app.pool.acquire() as connection:
            connection.close()
        self.app.close()

    @contextlib.contextmanager
    def expecting(self) -> Iterator[tuple[str, asyncio.Future[dict[str, Any]]]]:
        """A new task id and the future answer to it; a failed task raises :class:`TaskFailed` there."""
        task_id = f"{self._prefix}-{next(self._numbers)}"
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[task_id] = answer
        try:
            yield task_id, answer
        finally:
            del self._waiting[task_id]
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, even if the frame was given up meanwhile

    async def publish(self, send: Callable[[], None]) -> None:
        """Have ``send`` hand a task over, in the thread that publishes.

        Raises:
            QueueDown: Redis cannot be reached.
        """
        try:
            if not self.connected:
                async with asyncio.timeout(_RECONNECT_S):
                    await self._subscribed.wait()
            # Not `wait_for`: before Python 3.12 it can swallow the cancellation of its caller.
            async with asyncio.timeout(PUBLISH_S):
                await asyncio.get_running_loop().run_in_executor(self._sender, send)
        except TimeoutError:
            raise QueueDown("Redis does not answer") from None
        except (redis.RedisError, OSError, celery.exceptions.CeleryError) as error:
            raise QueueDown(str(error)) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("kombu", "redis"):
                raise QueueDown(str(error)) from error
            raise

    def send(
        self,
        task_id: str,
        queue: str,
        args: tuple[Any, ...],
        *,
        embeddings: bool,
        headers: Headers,
        expires: float | None = None,
    ) -> None:
        """Hand one classification over, given up by Celery after ``expires`` seconds; runs in the publishing thread."""
        self.app.send_task(
            CLASSIFY,
            args=args,
            kwargs={"embeddings": True} if embeddings else None,
            task_id=task_id,
            queue=queue,
            headers=headers,
            retry=False,
            expires=expires,
            # Celery would spell out pixels in the headers, for its logs.
            argsrepr="crops",
            kwargsrepr="{}",
        )

    async def _listen(self) -> None:
        """Hold the subscription for as long as the service runs."""
        failures = 0
        while True:
            client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=1.0, health_check_interval=5)
            try:
                async with client.pubsub() as channel:
                    await channel.psubscribe(f"{CHANNEL}{self._prefix}-*")
                    while True:
                        message = await channel.get_message(timeout=5.0)
                        if message is None:
                            continue
                        if message["type"] == "psubscribe":
                            failures = 0
                            self._subscribed.set()
                            await self._look_up(client)
                        elif message["type"] == "pmessage":
                            self._arrived(message["data"])
            except (redis.RedisError, OSError, TimeoutError) as error:
                if self._subscribed.is_set() or failures == 0:
                    log.warning("Redis is gone: %s", error)
            finally:
                self._subscribed.clear()
                with contextlib.suppress(redis.RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            failures += 1

    async def _look_up(self, client: redis.asyncio.Redis) -> None:
        """Fetch the answers that came while nobody listened."""
        pending = list(self._waiting)
        if pending:
            for value in await client.mget([CHANNEL + task_id for task_id in pending]):
                if value is not None:
                    self._arrived(value)

    def _arrived(self, data: bytes | str) -> None:
        try:
            meta = msgpack.unpackb(data)
            future = self._waiting.get(meta["task_id"])
            if future is None or future.done():
                return  # nobody waits any more
            if meta["status"] == "SUCCESS":
                future.set_result(meta["result"])
            elif meta["status"] in ("FAILURE", "REVOKED"):
                result = meta["result"]
                what = f"{result.get('exc_type')}: {result.get('exc_message')}" if isinstance(result, dict) else result
                future.set_exception(TaskFailed(str(what)))
        except (ValueError, KeyError, TypeError, msgpack.UnpackException) as error:
            log.error("An answer on our channel is not understood: %s", error)
