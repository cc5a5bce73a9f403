"""The whole product as a user starts it, for tests that need all of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from moodstream.local import free_port

READY_WITHIN_S = 240
STOPPED_WITHIN_S = 6
#: Tests are run on machines that do other things too; what is late there is no defect.
PATIENT = {"MOODSTREAM_DEADLINE_MS": "5000"}


@dataclass
class Running:
    """A started product: its addresses, its process and what it has said so far."""

    page: str
    detector: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def queue(self) -> str:
        """URL of the queue, as `up` prints it."""
        return next(line.split("queue: ")[1] for line in self.lines if "queue: " in line)

    def children(self) -> list[int]:
        """Process ids of the services."""
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def moodstream_up(*arguments: str, **environment: str) -> Iterator[Running]:
    """``moodstream up`` on free ports until the block ends."""
    # Products that start at the same moment must not choose the same free ports.
    page_port, detector_port = (free_port(first + random.randrange(4000)) for first in (17860, 22000))
    command = [sys.executable, "-m", "moodstream", "up", "--port", str(page_port), *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **PATIENT, "MOODSTREAM_DETECTOR_PORT": str(detector_port), **environment},
    )
    running = Running(f"http://127.0.0.1:{page_port}", f"http://127.0.0.1:{detector_port}", process)
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            running.lines.append(line.rstrip())
            if "ready: http" in line:
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(READY_WITHIN_S), "not ready in time:\n" + "\n".join(running.lines)
        assert process.poll() is None, "ended while starting:\n" + "\n".join(running.lines)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        listener.join(5)
        assert process.stdout is not None
        process.stdout.close()
