"""Runs several processes as one: prefixed logs, restarts with back-off, and an ordered clean stop.

Small and our own because no maintained supervisor does all three on one machine (see docs/decisions.md).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

#: Seconds from the order to stop until everything is gone, by force if it must be.
GRACE_S = 4.0
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
#: A process that ran this long was healthy: its next failure starts the back-off anew.
HEALTHY_S = 30.0
COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)
LINE_LIMIT = 1 << 20

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Service:
    """A process to keep running: the name shown before its lines, its command, and settings added to ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def _end_with_parent() -> None:
    """Have the kernel end this process when the supervisor is gone, even if it was killed outright (Linux only)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def say_to_terminal(names: Sequence[str]) -> Say:
    """A printer of prefixed lines, coloured by name when a person is watching."""
    width = max(map(len, names), default=0)
    colour = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def say(name: str, line: str) -> None:
        prefix = f"{name:<{width}} |"
        if coloured:
            prefix = f"\x1b[{colour.get(name, 37)}m{prefix}\x1b[0m"
        sys.stdout.write(f"{prefix} {line}\n")
        sys.stdout.flush()

    return say


class Supervisor:
    """Keeps services running until told to stop; they start in the order of adding and stop in the reverse."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._stopping = asyncio.Event()
        self._tasks: list[tuple[Service, asyncio.Task[None]]] = []
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        #: Services that ended with EX_CONFIG: they would end so again, and are not started again.
        self.misconfigured: list[str] = []
        self.broken = asyncio.Event()  # set with the first of them

    def add(self, service: Service) -> None:
        """Start a service and keep it running."""
        self._tasks.append((service, asyncio.create_task(self._keep(service), name=service.name)))

    def pid(self, name: str) -> int | None:
        """Process id of a running service."""
        process = self._processes.get(name)
        return None if process is None else process.pid

    async def stop(self) -> None:
        """End all services within ``GRACE_S``, last started first; whatever ignores the order is killed at the end.

        Each gets its share of the time before the next one is told, so that a slow one delays but never starves others.
        """
        self._stopping.set()
        deadline = time.monotonic() + GRACE_S
        ends: list[asyncio.Task[int]] = []
        for left, (service, _) in zip(range(len(self._tasks), 0, -1), reversed(self._tasks), strict=True):
            process = self._processes.get(service.name)
            if process is not None and process.returncode is None:
                process.terminate()
                end = asyncio.create_task(process.wait(), name=service.name)
                await asyncio.wait({end}, timeout=(deadline - time.monotonic()) / (left + 1))
                ends.append(end)
        if ends:
            _, late = await asyncio.wait(ends, timeout=max(0.0, deadline - time.monotonic()))
            for end in late:
                self._say(end.get_name(), "did not stop in time, killed")
                self._processes[end.get_name()].kill()
        await asyncio.gather(*(task for _, task in self._tasks))
        self._tasks.clear()

    async def _keep(self, service: Service) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._run_once(service)
            if self._stopping.is_set():
                return
            if code == os.EX_CONFIG:
                self.misconfigured.append(service.name)
                self.broken.set()
                return
            failures = 0 if time.monotonic() - began > HEALTHY_S else failures
            wait = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            failures += 1
            self._say(service.name, f"ended with code {code}, starts again in {wait:g} s")
            try:
                await asyncio.wait_for(self._stopping.wait(), wait)
            except TimeoutError:
                continue

    async def _run_once(self, service: Service) -> int:
        process = await asyncio.create_subprocess_exec(
            *service.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then stops them in order
            preexec_fn=_end_with_parent,
            limit=LINE_LIMIT,
        )
        self._processes[service.name] = process
        assert process.stdout is not None
        async for line in process.stdout:
            self._say(service.name, line.decode(errors="replace").rstrip())
        return await process.wait()
