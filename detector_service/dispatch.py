"""Hands crops to the queue by task name and brings the answers back without a thread per frame."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import celery
import msgpack
import redis
import redis.asyncio

from moodstream.settings import Settings
from moodstream.wire import CLASSIFY, FACES, RedisClock, celery_options

log = logging.getLogger(__name__)

#: Longest that handing a task to Redis may take; refusing must be quick when Redis is gone.
_PUBLISH_S = 1.2
#: How long a frame waits for a subscription that is just being made again.
_RECONNECT_S = 0.3
#: Celery's own expiry compares two hosts' clocks: far enough off that no plausible skew drops live work.
_SAFETY_S = 60.0
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_CHANNEL = "celery-task-meta-"
#: Crops, how many they are, and whether embeddings are wanted.
_Work = tuple[bytes, int, bool]


class QueueDown(Exception):  # noqa: N818 - a state of the world, like asyncio.QueueFull
    """Redis cannot be reached."""


class DeadlinePassed(Exception):  # noqa: N818
    """No answer in time."""


class TaskFailed(Exception):  # noqa: N818
    """The worker raised; the message is its."""


class Dispatcher:
    """Sends tasks and awaits their results through one subscription for the whole process.

    Celery stores a result under, and publishes it on, ``celery-task-meta-<task id>``. Our task ids share a prefix, so
    one pattern brings all our answers and nobody else's.
    """

    def __init__(self, options: Settings) -> None:
        self._url = options.redis_url
        self._prefix = str(uuid.uuid4())
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._subscribed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        # One thread: kombu's channel and the clock are not for several at a time.
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="publish")
        self._app = celery.Celery("moodstream-detector", set_as_current=False)
        self._app.conf.update(celery_options(options.redis_url, options.result_expires_s))
        # With a result backend Celery would subscribe once per task by itself; without one it only publishes.
        self._app.conf.result_backend = None
        # kombu would otherwise try to connect for ever, in the one thread that publishes.
        sockets = self._app.conf.broker_transport_options
        self._app.conf.broker_transport_options = {**sockets, "max_retries": 0, "connect_retries_timeout": 1}
        self._clock_client = redis.Redis.from_url(self._url, socket_timeout=1.0, socket_connect_timeout=1.0)
        self._clock = RedisClock(self._clock_client)

    @property
    def connected(self) -> bool:
        """Whether answers can arrive."""
        return self._subscribed.is_set()

    async def start(self) -> None:
        """Begin to listen; Redis may come later."""
        self._listener = asyncio.create_task(self._listen(), name="results")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), _PUBLISH_S)

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
        with contextlib.suppress(Exception):
            self._app.close()
            self._clock_client.close()

    async def classify(self, crops: bytes, n: int, give_up_at: float, embeddings: bool = False) -> dict[str, Any]:
        """The reply of ``moodstream.classify`` for ``n`` crops.

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
        task_id = f"{self._prefix}-{next(self._numbers)}"
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[task_id] = answer
        try:
            await self._publish(task_id, (crops, n, embeddings), give_up_at)
            return await asyncio.wait_for(answer, max(give_up_at - time.monotonic(), 0))
        except TimeoutError:
            raise DeadlinePassed from None
        finally:
            del self._waiting[task_id]
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, even if the frame was given up meanwhile

    async def _publish(self, task_id: str, work: _Work, give_up_at: float) -> None:
        try:
            if not self.connected:
                await asyncio.wait_for(self._subscribed.wait(), _RECONNECT_S)
            sent = asyncio.get_running_loop().run_in_executor(
                self._sender, self._send, task_id, work, give_up_at, time.monotonic() + _PUBLISH_S
            )
            await asyncio.wait_for(sent, _PUBLISH_S)
        except TimeoutError:
            raise QueueDown("Redis does not answer") from None
        except (redis.RedisError, OSError, celery.exceptions.CeleryError) as error:
            raise QueueDown(str(error)) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] in ("kombu", "redis"):
                raise QueueDown(str(error)) from error
            raise

    def _send(self, task_id: str, work: _Work, give_up_at: float, start_by: float) -> None:
        """Runs in the publishing thread."""
        now = time.monotonic()
        if now > start_by or now > give_up_at:
            return
        crops, n, embeddings = work
        left = give_up_at - now
        deadline_ms = self._clock.now_ms() + round(left * 1000)
        self._app.send_task(
            CLASSIFY,
            args=(crops, n, deadline_ms),
            kwargs={"embeddings": True} if embeddings else None,
            task_id=task_id,
            queue=FACES,
            retry=False,
            expires=left + _SAFETY_S,
        )

    async def _listen(self) -> None:
        """Hold the subscription for as long as the service runs."""
        failures = 0
        while True:
            client = redis.asyncio.Redis.from_url(self._url, socket_connect_timeout=1.0, health_check_interval=5)
            try:
                async with client.pubsub() as channel:
                    await channel.psubscribe(f"{_CHANNEL}{self._prefix}-*")
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
            for value in await client.mget([_CHANNEL + task_id for task_id in pending]):
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
