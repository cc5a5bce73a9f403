"""Names and encodings on the wire, the same for every service."""

from __future__ import annotations

import struct
import time
from typing import Any, Protocol

#: Celery task: crops in, probabilities out; served on FACES by classifier workers.
CLASSIFY = "moodstream.classify"
#: Celery task: a picture in, a whole answer out; served on FRAMES by frame workers.
READ_FRAME = "moodstream.read_frame"
FACES = "faces"
FRAMES = "frames"
#: The queue of CLASSIFY for recorded pictures: nothing expires, late acknowledgement, a server of its own.
RECORDED = "faces.recorded"

#: Head of a binary message on the stream: frame number, capture time in milliseconds; both are echoed.
FRAME_HEAD = struct.Struct(">QQ")


def pack_frame(frame: int, captured_ms: int, picture: bytes) -> bytes:
    """One binary message of ``WS /v1/stream``."""
    return FRAME_HEAD.pack(frame, captured_ms) + picture


def unpack_frame(message: bytes) -> tuple[int, int, bytes]:
    """Frame number, capture time in milliseconds and picture of a binary message.

    Raises:
        ValueError: the message is shorter than its head.
    """
    if len(message) < FRAME_HEAD.size:
        raise ValueError(f"a frame message starts with {FRAME_HEAD.size} bytes of head, this one has {len(message)}")
    frame, captured_ms = FRAME_HEAD.unpack_from(message)
    return frame, captured_ms, message[FRAME_HEAD.size :]


def celery_options(redis_url: str, result_expires_s: int) -> dict[str, Any]:
    """What every Celery app of ours agrees on: msgpack only, short socket time-outs, results that expire soon."""
    sockets = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
    return {
        "broker_url": redis_url,
        "result_backend": redis_url,
        "task_serializer": "msgpack",
        "result_serializer": "msgpack",
        "accept_content": ["msgpack"],
        "result_expires": result_expires_s,
        "result_extended": False,
        "worker_prefetch_multiplier": 1,
        "task_default_queue": FACES,
        "task_routes": {CLASSIFY: {"queue": FACES}, READ_FRAME: {"queue": FRAMES}},
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": sockets,
        "redis_socket_timeout": 1.0,
        "redis_socket_connect_timeout": 1.0,
        "redis_retry_on_timeout": False,
        "task_publish_retry": False,
    }


def recorded_options(redis_url: str, result_expires_s: int, visibility_s: int) -> dict[str, Any]:
    """The same for recorded work: what a worker took and did not finish is given to another after ``visibility_s``."""
    options = celery_options(redis_url, result_expires_s)
    return {
        **options,
        "task_default_queue": RECORDED,
        "task_routes": {CLASSIFY: {"queue": RECORDED}},
        "task_acks_late": True,
        # A task is answered under its id; one that comes a second time after it was answered is not done again.
        "worker_deduplicate_successful_tasks": True,
        # A result that cannot be stored waits for Redis; Celery would give up and store the failure to store it.
        "result_backend_always_retry": True,
        "result_backend_max_sleep_between_retries_ms": 1000,
        "broker_transport_options": {
            **options["broker_transport_options"],
            "visibility_timeout": visibility_s,
            # kombu would look for such work every hundred seconds, and be locked out for five minutes by a worker that
            # was killed while it looked.
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 10,
        },
    }


class HasTime(Protocol):
    """A Redis client, as far as the clock needs one."""

    def time(self) -> Any: ...


class RedisClock:
    """The time of the Redis server, the one clock that all hosts share; measured again every ``every_s`` seconds."""

    def __init__(self, client: HasTime, every_s: float = 30.0) -> None:
        self._client, self._every_s = client, every_s
        self._offset = 0.0
        self._measured: float | None = None

    def measure(self) -> None:
        """Ask the server, and assume that the answer was half the round trip away.

        Raises:
            redis.RedisError: the server did not answer.
        """
        sent = time.monotonic()
        seconds, microseconds = self._client.time()
        back = time.monotonic()
        self._offset = seconds + microseconds / 1e6 - (sent + back) / 2
        self._measured = back

    def now_ms(self) -> int:
        """Milliseconds since the epoch by the server's clock."""
        if self._measured is None or time.monotonic() - self._measured > self._every_s:
            self.measure()
        return round((time.monotonic() + self._offset) * 1000)
