"""Parts of the product started one by one, on chosen cores, and the processor time that they use."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from detector_service.dispatch import Dispatcher, QueueDown
from moodstream.local import Addresses, free_port, local_stack, valkey_command
from moodstream.settings import Settings, settings
from moodstream.types import CROP_BYTES

#: A machine under load takes its time.
READY_WITHIN_S = 400.0


@contextmanager
def started(command: list[str], cores: set[int] | None = None, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the block ends, on the given cores only."""

    def pin() -> None:
        if cores is not None:
            os.sched_setaffinity(0, cores)

    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=pin,  # noqa: PLW1509
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def queue(cores: set[int] | None = None) -> Iterator[str]:
    """An empty embedded Redis server; its URL."""
    port = free_port(16379)
    url = f"redis://127.0.0.1:{port}/0"
    with started(valkey_command(port), cores):
        deadline = time.monotonic() + READY_WITHIN_S
        with Redis.from_url(url) as client:
            while True:
                with suppress(RedisError):
                    client.ping()
                    break
                assert time.monotonic() < deadline, "the queue did not start"
                time.sleep(0.05)
        yield url


def stack() -> AbstractAsyncContextManager[Addresses]:
    """The services on this machine, without the page."""
    return local_stack(settings(), lambda *_: None, page=False, ready_within_s=READY_WITHIN_S)


def worker(url: str, *program: str, cores: set[int] | None = None) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A classifier worker on the queue at ``url``; ``program`` instead of the ordinary one."""
    command = [sys.executable, *(program or ("-m", "worker")), "faces"]
    return started(command, cores, MOODSTREAM_REDIS_URL=url)


@asynccontextmanager
async def sender(url: str, gather_ms: float = 0) -> AsyncIterator[Dispatcher]:
    """What the detector hands crops over with; each load is one message here, unless told to gather."""
    dispatcher = Dispatcher(Settings(redis_url=url, message_faces=256, gather_ms=gather_ms))
    await dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.close()


async def all_answer(url: str, dispatcher: Dispatcher, workers: int) -> None:
    """Return once so many workers take messages from the queue."""
    deadline = time.monotonic() + READY_WITHIN_S
    with Redis.from_url(url) as client:
        # A worker's consumer waits in BRPOP when there is nothing to do.
        while sum(one["cmd"] == "brpop" for one in client.client_list()) < workers:
            assert time.monotonic() < deadline, f"{workers} workers did not start"
            await asyncio.sleep(0.2)
    while True:
        try:
            await dispatcher.classify(bytes(CROP_BYTES), 1, time.monotonic() + READY_WITHIN_S)
            return
        except QueueDown:  # on a busy machine the first connection may take longer than a frame may wait
            assert time.monotonic() < deadline


@dataclass
class Load:
    """Messages kept under way at a sender, and how many were answered."""

    dispatcher: Dispatcher
    crops: bytes
    faces: int
    answered: int = 0

    async def run(self, under_way: int, seconds: float) -> float:
        """Send as fast as answers come, ``under_way`` at a time; the seconds from the first to the last answer."""
        end = time.monotonic() + seconds
        began = time.perf_counter()
        await asyncio.gather(*(self._one(end) for _ in range(under_way)))
        return time.perf_counter() - began

    async def _one(self, end: float) -> None:
        while time.monotonic() < end:
            # On a busy machine handing over may take longer than a frame may wait.
            with suppress(QueueDown):
                reply = await self.dispatcher.classify(self.crops, self.faces, time.monotonic() + 60)
                assert reply["status"] == "ok", reply
                self.answered += 1


def processor_seconds(pid: int) -> float:
    """Processor time that a process has used, all its threads together (Linux's clock of another process)."""
    return time.clock_gettime((~pid << 3) | 2)
