"""Recorded work through real processes: a worker that is killed with a task in hand costs seconds, not the frame."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import websockets
from redis import Redis

from moodstream.settings import next_database
from moodstream.wire import RECORDED, pack_frame
from tests.integration.processes import Processes
from worker.__main__ import NICE

VISIBILITY_S = 3


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with ExitStack() as ending:
        yield Processes(ending, RECORDED_VISIBILITY_S=VISIBILITY_S)


@pytest.fixture(scope="module")
def stream(processes) -> str:
    return processes.detector()


@pytest.fixture(scope="module")
def queue(processes) -> Iterator[Redis]:
    with Redis.from_url(next_database(processes.url)) as client:
        yield client


async def converse(stream: str, pictures: list[bytes]) -> list[dict]:
    # All are sent at once, which the window holds back, and pings behind them too.
    async with websockets.connect(stream, compression=None, proxy=None, ping_interval=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "recorded"}))
        for number, picture in enumerate(pictures):
            await socket.send(pack_frame(number, 40 * number, picture))
        return [json.loads(await socket.recv()) for _ in pictures]


async def test_a_worker_killed_with_a_task_in_hand_costs_seconds(processes, stream, queue, picture):
    doomed = processes.worker("bench/slow_worker.py", "60", "recorded")
    async with websockets.connect(stream, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "recorded", "window": 2}))
        for number in range(3):
            await socket.send(pack_frame(number, 40 * number, picture))
        processes.wait_for(lambda: queue.hlen("unacked") == 1 and queue.llen(RECORDED) == 1)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait()
        processes.worker("-m", "worker", "recorded")
        began = time.monotonic()
        answers = [json.loads(await socket.recv()) for _ in range(3)]
        took = time.monotonic() - began
    assert [(a["frame"], a["status"]) for a in answers] == [(0, "ok"), (1, "ok"), (2, "ok")]
    assert took < VISIBILITY_S + 30, "start of the next worker included"
    processes.wait_for(lambda: queue.hlen("unacked") == queue.llen(RECORDED) == 0)


async def test_workers_killed_again_and_again_lose_nothing(processes, stream, picture):
    workers = [processes.worker("bench/slow_worker.py", "0.02", "recorded") for _ in range(2)]
    talking = asyncio.create_task(converse(stream, [picture] * 300))
    for _ in range(4):
        await asyncio.sleep(1)
        victim = workers.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        workers.append(processes.worker("bench/slow_worker.py", "0.02", "recorded"))
    answers = await talking
    assert [a["frame"] for a in answers] == list(range(300))
    assert {a["status"] for a in answers} == {"ok"}
    assert [a["captured_ms"] for a in answers] == [40 * n for n in range(300)]


async def test_the_server_restarting_loses_nothing(processes, stream, queue, picture):
    await converse(stream, [picture])
    queue.flushall()
    assert [a["status"] for a in await converse(stream, [picture])] == ["ok"]


async def test_one_worker_takes_live_and_recorded_work(picture):
    with ExitStack() as ending:
        processes = Processes(ending, RECORDED_VISIBILITY_S=VISIBILITY_S, DEADLINE_MS=30_000)
        both = processes.worker("-m", "worker", "faces,recorded")
        stream = processes.detector()
        for mode in ("recorded", "live"):
            async with websockets.connect(stream, compression=None, proxy=None) as socket:
                await socket.send(json.dumps({"v": 1, "mode": mode}))
                answer = {"status": "stale"}
                while answer["status"] == "stale":  # until the live worker is there
                    await socket.send(pack_frame(1, 0, picture))
                    answer = json.loads(await socket.recv())
                assert answer["status"] == "ok"
        children = [int(pid) for pid in Path(f"/proc/{both.pid}/task/{both.pid}/children").read_text().split()]
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        nicer = sorted(os.getpriority(os.PRIO_PROCESS, pid) - ours for pid in children)
        assert nicer == [0, min(NICE, 19 - ours)], "the kernel lets live work go first"
        both.terminate()
        both.wait(15)
        processes.wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 5)
