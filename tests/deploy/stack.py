"""The product in containers, as `docker compose up` starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moodstream.local import free_port
from tests.deploy.docker import ROOT, Docker

PROJECT = "moodstream-test"
READY_WITHIN_S = 180


@dataclass
class Stack:
    """A running Compose project."""

    docker: Docker
    settings: dict[str, str]
    page: str

    @classmethod
    @contextmanager
    def up(cls, docker: Docker, version: str) -> Iterator[Stack]:
        ports = {name: str(free_port(wanted)) for name, wanted in (("PORT", 27860), ("HTTPS_PORT", 28443))}
        ports |= {"HTTP_PORT": str(free_port(28080)), "PROMETHEUS_PORT": str(free_port(29090))}
        chosen = {"VERSION": version, "WORKERS": "1", "LOG_LEVEL": "debug", "REDIS_PASSWORD": "onlyfortests", **ports}
        settings = {f"MOODSTREAM_{name}": value for name, value in chosen.items()}
        stack = cls(docker, settings, f"http://127.0.0.1:{ports['PORT']}")
        try:
            stack.compose("up", "--detach", "--wait", "--no-build")
            yield stack
        finally:
            stack.compose("--profile", "*", "down", "--volumes", "--timeout", "20", check=False)

    def compose(self, *arguments: str, check: bool = True) -> str:
        """One command of Compose on this project."""
        return self.docker("compose", "-p", PROJECT, *arguments, check=check, **self.settings)

    def containers(self, service: str = "") -> list[str]:
        """Ids of the running containers, of one service or all."""
        return self.compose("ps", "--quiet", *filter(None, [service])).split()

    def metrics(self, container: str, port: int = 8100) -> dict[str, float]:
        """What a container tells Prometheus, summed over labels."""
        ask = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/metrics').read().decode())"
        sums: dict[str, float] = {}
        for line in self.docker("exec", container, "python", "-c", ask).splitlines():
            if match := re.match(r"(moodstream_\w+)(?:\{.*\})? (\S+)$", line):
                sums[match[1]] = sums.get(match[1], 0.0) + float(match[2])
        return sums

    def logs(self, service: str) -> list[dict[str, Any]]:
        """The log lines of a service that are JSON."""
        lines = self.compose("logs", "--no-log-prefix", service).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def complaints(self) -> list[str]:
        """What the detector and the recorded worker logged as errors."""
        lines = self.logs("detector") + self.logs("worker-recorded")
        return [f"{line['time']} {line['service']}: {line['message']}" for line in lines if line["level"] == "ERROR"]

    def crash(self, container: str) -> None:
        """Kill the container's first process as the kernel would, and wait until it serves again."""
        before = self.docker.inspect(container)
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            now = self.docker.inspect(container)
            if now["RestartCount"] > before["RestartCount"] and now["State"]["Health"]["Status"] == "healthy":
                return
            time.sleep(0.5)
        raise AssertionError(f"{before['Name']} did not come back:\n{self.docker('logs', '--tail', '30', container)}")

    def upgrade(self, service: str, version: str) -> None:
        """Run another version of one service."""
        self.settings["MOODSTREAM_VERSION"] = version
        self.compose("up", "--detach", "--wait", "--no-build", "--no-deps", service)


class Load:
    """A simulated class that runs until it is asked for its report."""

    def __init__(self, page: str, *arguments: str, **environment: str) -> None:
        small = ["--faces", "2", "--size", "640x360", "--seconds", "900"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.load", page, *small, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )

    def report(self) -> dict[str, Any]:
        """Stop sending, wait for the last answers, and read the report of the only step."""
        self._process.send_signal(signal.SIGTERM)
        out, errors = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, errors
        (step,) = json.loads(out)["steps"]
        assert sum(step["answers"].values()) + step["unanswered"] == step["sent"], step
        return step


@contextmanager
def loading(page: str, *arguments: str, **environment: str) -> Iterator[Load]:
    """A class that comes in through the page; gone when the block ends."""
    load = Load(page, *arguments, **environment)
    try:
        time.sleep(4)  # so that it has begun
        yield load
    finally:
        load._process.kill()
        load._process.wait()
