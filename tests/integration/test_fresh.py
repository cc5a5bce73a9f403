"""Under more load than the workers can do: every frame is accounted for, and nothing piles up."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import websockets

from bench import fresh
from tests.integration.processes import Processes


async def test_every_frame_is_accounted_for_behind_a_worker_slowed_to_a_crawl():
    result = await fresh.crawl(streams=5, fps=15, seconds=8, crawl_s=0.25)
    assert result["sent"] == 5 * 15 * 8
    assert result["sent minus answered"] == 0 and result["unexpected answers"] == 0
    assert set(result["answers"]) <= {"ok", "stale", "overloaded"} and result["answers"]["overloaded"] > 0
    assert result["messages waiting"]["most"] <= 5


async def test_a_client_that_does_not_read_harms_nobody_else(picture):
    with ExitStack() as ending:
        processes = Processes(ending, DEADLINE_MS=30_000)
        stream = processes.detector()
        processes.worker("-m", "worker", "faces")
        stack = fresh.Stack(stream, processes.url, supervisor=None)
        while not (await fresh.send(stack, picture, fps=1, seconds=1)).statuses["ok"]:
            pass
        async with asyncio.TaskGroup() as group:
            idler = group.create_task(fresh.read_nothing(stack, picture))
            await asyncio.sleep(1)
            sent = await asyncio.gather(*(fresh.send(stack, picture, fps=2, seconds=10) for _ in range(2)))
            assert not idler.done() or isinstance(idler.exception(), websockets.ConnectionClosed)
            idler.cancel()
    for each in sent:
        assert each.sent == sum(each.statuses.values()) == 20
        assert each.statuses["ok"] >= 10
