"""Recorded work through real processes: a worker that is killed with a task in hand costs seconds, not the frame."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import websockets
from redis import Redis, RedisError

from moodstream.local import free_port, valkey_command
from moodstream.settings import next_database
from moodstream.wire import RECORDED, pack_frame

ROOT = Path(__file__).parents[2]
VISIBILITY_S = 3


class Stack:
    """A server, a detector, and the workers that a test starts."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        port, self.detector_port = free_port(26500), free_port(18200)
        self.url = f"redis://127.0.0.1:{port}/0"
        self._environment = {
            **os.environ,
            "MOODSTREAM_REDIS_URL": self.url,
            "MOODSTREAM_DETECTOR_PORT": str(self.detector_port),
            "MOODSTREAM_RECORDED_VISIBILITY_S": str(VISIBILITY_S),
        }
        self.start(*valkey_command(port))
        self.redis = stack.enter_context(Redis.from_url(next_database(self.url)))
        self.wait_for(self._answers)
        self.start(sys.executable, "-m", "detector_service")
        self.wait_for(self._detects)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=ROOT, env=self._environment)
        self._stack.callback(self._end, process)
        return process

    def worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, *arguments)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @staticmethod
    def wait_for(condition: Callable[[], object], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"{condition} not within {within_s} s"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def _detects(self) -> bool:
        try:
            health = httpx.get(f"http://127.0.0.1:{self.detector_port}/readyz", trust_env=False)
        except httpx.HTTPError:
            return False
        return health.json()["detector"] is not None

    @property
    def stream(self) -> str:
        return f"ws://127.0.0.1:{self.detector_port}/v1/stream"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with ExitStack() as ending:
        yield Stack(ending)


async def converse(stack: Stack, pictures: list[bytes]) -> list[dict]:
    async with websockets.connect(stack.stream, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "recorded"}))
        for number, picture in enumerate(pictures):
            await socket.send(pack_frame(number, 40 * number, picture))
        return [json.loads(await socket.recv()) for _ in pictures]


async def test_a_worker_killed_with_a_task_in_hand_costs_seconds(stack, picture):
    doomed = stack.worker("bench/slow_worker.py", "60", "recorded")
    async with websockets.connect(stack.stream, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "recorded", "window": 2}))
        for number in range(3):
            await socket.send(pack_frame(number, 40 * number, picture))
        stack.wait_for(lambda: stack.redis.hlen("unacked") == 1 and stack.redis.llen(RECORDED) == 1)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
        stack.worker("-m", "worker", "recorded")
        began = time.monotonic()
        answers = [json.loads(await socket.recv()) for _ in range(3)]
        took = time.monotonic() - began
    assert [(a["frame"], a["status"]) for a in answers] == [(0, "ok"), (1, "ok"), (2, "ok")]
    assert took < VISIBILITY_S + 30, "start of the next worker included"
    stack.wait_for(lambda: stack.redis.hlen("unacked") == stack.redis.llen(RECORDED) == 0)


async def test_workers_killed_again_and_again_lose_nothing(stack, picture):
    workers = [stack.worker("bench/slow_worker.py", "0.02", "recorded") for _ in range(2)]
    talking = asyncio.create_task(converse(stack, [picture] * 300))
    for _ in range(4):
        await asyncio.sleep(1)
        victim = workers.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        workers.append(stack.worker("bench/slow_worker.py", "0.02", "recorded"))
    answers = await talking
    assert [a["frame"] for a in answers] == list(range(300))
    assert {a["status"] for a in answers} == {"ok"}
    assert [a["captured_ms"] for a in answers] == [40 * n for n in range(300)]


async def test_the_server_restarting_loses_nothing(stack, picture):
    await converse(stack, [picture])
    stack.redis.flushall()
    assert [a["status"] for a in await converse(stack, [picture])] == ["ok"]
