"""Is what is shown fresh, whatever happens behind? ``python -m bench.fresh [--seconds 600]``.

Starts a queue, a detector and one classifier worker that is slowed to a crawl, and sends ten streams of 30 frames a
second at it without ever waiting for an answer. Prints as JSON: what became of every frame, how old the answers were
when they came (on the sender's clock), and memory and queue over the time.

With ``--slow-client``: the worker is an ordinary one; the ages of a few streams' answers are compared, in turns, with
and without a client beside them that sends without a pause and reads nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import redis.asyncio
import websockets

from bench.path import frame_with_one_face
from moodstream.hardware import hardware
from moodstream.local import free_port, valkey_command
from moodstream.supervisor import Service, Supervisor
from moodstream.wire import FACES, pack_frame

HELLO = json.dumps({"v": 1, "mode": "live", "view": "individual"})
#: Streams and services settle for so long before anything is counted as a trend.
SETTLE_S = 20.0
#: Longer than any deadline.
DRAIN_S = 10.0
TURNS = 4


@dataclass
class Sent:
    """What became of one stream's frames."""

    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    unexpected: int = 0
    ages_ms: list[float] = field(default_factory=list)
    under_way: dict[int, float] = field(default_factory=dict)

    def answered(self, answer: dict[str, Any]) -> None:
        sent_at = self.under_way.pop(answer["frame"], None)
        if sent_at is None:
            self.unexpected += 1
            return
        self.statuses[answer["status"]] += 1
        if answer["status"] == "ok":
            self.ages_ms.append((time.perf_counter() - sent_at) * 1000)


@dataclass(frozen=True)
class Stack:
    """The services under test: the stream's address, the queue's, and the processes by name."""

    stream: str
    queue: str
    supervisor: Supervisor

    def processor_s(self, name: str) -> float:
        """Processor time that a service has used."""
        fields = Path(f"/proc/{self.supervisor.pid(name)}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, name: str) -> float:
        """Resident memory of a service; the proc file system is Linux's."""
        pages = int(Path(f"/proc/{self.supervisor.pid(name)}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def running(crawl_s: float) -> AsyncIterator[Stack]:
    """A queue, a detector, and one worker that takes ``crawl_s`` more for each message."""
    queue_port, port = free_port(27500), free_port(18300)
    url = f"redis://127.0.0.1:{queue_port}/0"
    settings = {"MOODSTREAM_REDIS_URL": url, "MOODSTREAM_DETECTOR_PORT": str(port)}
    worker = [str(Path(__file__).with_name("slow_worker.py")), str(crawl_s), "faces"]
    supervisor = Supervisor(lambda name, line: None)
    try:
        supervisor.add(Service("queue", valkey_command(queue_port)))
        supervisor.add(Service("worker", [sys.executable, *worker], settings))
        supervisor.add(Service("detector", [sys.executable, "-m", "detector_service"], settings))
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client, asyncio.timeout(180):
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                        break
                await asyncio.sleep(0.2)
        yield Stack(f"ws://127.0.0.1:{port}/v1/stream", url, supervisor)
    finally:
        await supervisor.stop()


async def send(stack: Stack, picture: bytes, fps: float, seconds: float, offset_s: float = 0.0) -> Sent:
    """One stream: frames at their times, whatever the answers; then wait until all are answered."""
    tally = Sent()
    async with websockets.connect(stack.stream, compression=None, proxy=None) as socket:
        await socket.send(HELLO)

        async def listen() -> None:
            async for message in socket:
                tally.answered(json.loads(message))

        listening = asyncio.create_task(listen())
        began = time.perf_counter() + offset_s
        for number in range(round(fps * seconds)):
            await asyncio.sleep(max(began + number / fps - time.perf_counter(), 0))
            tally.under_way[number] = time.perf_counter()
            await socket.send(pack_frame(number, round(time.time() * 1000), picture))
            tally.sent += 1
        give_up_at = time.monotonic() + DRAIN_S
        while tally.under_way and time.monotonic() < give_up_at:  # noqa: ASYNC110  # a bench may look
            await asyncio.sleep(0.05)
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
    return tally


async def watch(stack: Stack) -> list[dict[str, float]]:
    """Memory in MB and the queue's length, every second until cancelled."""
    rows: list[dict[str, float]] = []
    began = time.monotonic()
    async with redis.asyncio.Redis.from_url(stack.queue) as client:
        with suppress(asyncio.CancelledError):
            while True:
                memory = {name: stack.memory_mb(name) for name in ("detector", "worker")}
                used = (await client.info("memory"))["used_memory"] / 2**20
                length = await client.llen(FACES)
                rows.append({"at_s": time.monotonic() - began, **memory, "redis": used, "messages": length})
                await asyncio.sleep(1)
    return rows


def trend(rows: list[dict[str, float]], name: str) -> dict[str, float]:
    """How a number was at the beginning and at the end, after things settled, and at most."""
    values = [row[name] for row in rows if row["at_s"] > SETTLE_S] or [row[name] for row in rows]
    quarter = max(len(values) // 4, 1)
    first, last = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
    return {"first": round(first, 2), "last": round(last, 2), "most": round(max(values), 2)}


def ages(sent: list[Sent]) -> dict[str, float]:
    """Of the good answers of some streams, in milliseconds."""
    values = sorted(age for each in sent for age in each.ages_ms)
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "most": round(values[-1], 1)}


def summary(sent: list[Sent]) -> dict[str, Any]:
    """Good answers and their ages."""
    return {"good answers": sum(len(each.ages_ms) for each in sent), "age ms": ages(sent)}


async def crawl(streams: int, fps: float, seconds: float, crawl_s: float) -> dict[str, Any]:
    """The run under a worker slowed to a crawl."""
    picture = frame_with_one_face()
    async with running(crawl_s) as stack:
        watching = asyncio.create_task(watch(stack))
        began, used, own = time.monotonic(), stack.processor_s("detector"), time.process_time()
        tasks = [send(stack, picture, fps, seconds, number / streams / fps) for number in range(streams)]
        sent = await asyncio.gather(*tasks)
        took = time.monotonic() - began
        busy = {"detector": stack.processor_s("detector") - used, "sender": time.process_time() - own}
        watching.cancel()
        rows = await watching
    statuses: Counter[str] = sum((each.statuses for each in sent), Counter())
    total = sum(each.sent for each in sent)
    return {
        "streams": streams,
        "frames a second and stream": fps,
        "seconds": seconds,
        "seconds a message takes the worker": crawl_s,
        "sent": total,
        "answers": dict(statuses),
        "sent minus answered": total - sum(statuses.values()),
        "unexpected answers": sum(each.unexpected for each in sent),
        "age of good answers, ms": ages(sent),
        "good answers of a stream, least and most": [f(len(e.ages_ms) for e in sent) for f in (min, max)],
        "worker used": round(statuses["ok"] * crawl_s / seconds, 3),
        "processor time, share of a core": {name: round(spent / took, 2) for name, spent in busy.items()},
        "memory MB": {name: trend(rows, name) for name in ("detector", "worker", "redis")},
        "messages waiting": trend(rows, "messages"),
    }


async def read_nothing(stack: Stack, picture: bytes) -> None:
    """A client that sends as fast as it is let and never reads."""
    async with websockets.connect(stack.stream, compression=None, proxy=None, ping_interval=None) as socket:
        socket.transport.pause_reading()
        await socket.send(HELLO)
        number = 0
        try:
            while True:
                await socket.send(pack_frame(number, 0, picture))
                number += 1
                await asyncio.sleep(1 / 60)
        finally:
            socket.transport.abort()  # who does not read cannot take leave


async def slow_client(streams: int, fps: float, seconds: float) -> dict[str, Any]:
    """The others' answers with and without a client that does not read."""
    picture = frame_with_one_face()
    alone: list[Sent] = []
    beside: list[Sent] = []
    async with running(0.0) as stack:
        await asyncio.gather(*(send(stack, picture, fps, 3) for _ in range(streams)))
        for _ in range(TURNS):
            for slow in (False, True):
                idler = asyncio.create_task(read_nothing(stack, picture)) if slow else None
                await asyncio.sleep(2)
                turn = [send(stack, picture, fps, seconds / 2 / TURNS) for _ in range(streams)]
                (beside if slow else alone).extend(await asyncio.gather(*turn))
                if idler is not None:
                    idler.cancel()
                    with suppress(asyncio.CancelledError, websockets.ConnectionClosed):
                        await idler
        memory = stack.memory_mb("detector")
    return {
        "streams": streams,
        "frames a second and stream": fps,
        "alone": {"age ms": ages(alone), "good": sum(len(each.ages_ms) for each in alone)},
        "beside a client that does not read": {
            "age ms": ages(beside),
            "good": sum(len(each.ages_ms) for each in beside),
        },
        "sent minus answered": sum(len(each.under_way) for each in [*alone, *beside]),
        "detector MB": round(memory, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int)
    parser.add_argument("--fps", type=float)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--crawl", type=float, default=0.25, help="seconds that a message takes the worker")
    parser.add_argument("--slow-client", action="store_true")
    chosen = parser.parse_args()
    if chosen.slow_client:
        run = slow_client(chosen.streams or 3, chosen.fps or 5, chosen.seconds or 80)
    else:
        run = crawl(chosen.streams or 10, chosen.fps or 30, chosen.seconds or 600, chosen.crawl)
    print(json.dumps({**asyncio.run(run), "hardware": hardware()}, indent=2))
