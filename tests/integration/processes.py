"""A server, a detector and workers that a test starts, slows down and kills as it likes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
from redis import Redis, RedisError

from moodstream.local import free_port, valkey_command

ROOT = Path(__file__).parents[2]


class Processes:
    """Processes that end with the test; settings are environment variables without their prefix."""

    def __init__(self, stack: ExitStack, **settings: object) -> None:
        self._stack = stack
        port, self.detector_port = free_port(26500), free_port(18200)
        self.url = f"redis://127.0.0.1:{port}/0"
        chosen = {"REDIS_URL": self.url, "DETECTOR_PORT": self.detector_port, **settings}
        self._environment = {**os.environ, **{f"MOODSTREAM_{name}": str(value) for name, value in chosen.items()}}
        self.start(*valkey_command(port))
        self.redis = stack.enter_context(Redis.from_url(self.url))
        self.wait_for(self._answers)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=ROOT, env={**self._environment, **environment})
        self._stack.callback(self._end, process)
        return process

    def detector(self) -> str:
        """Start one; the address of its stream, once it finds faces."""
        self.start(sys.executable, "-m", "detector_service")
        self.wait_for(self._detects, 180)
        return f"ws://127.0.0.1:{self.detector_port}/v1/stream"

    def worker(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        return self.start(sys.executable, *arguments, **environment)

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
    def wait_for(condition: Callable[[], object], within_s: float = 120.0) -> None:
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
