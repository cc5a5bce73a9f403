"""Hosts whose clocks are two seconds apart: deadlines, expiry and ages mean the same."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import websockets

from detector_service.dispatch import Dispatcher, QueueDown
from moodstream.settings import Settings
from moodstream.wire import RedisClock, pack_frame
from tests.integration.processes import Processes

FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
SKEWS_S = (-2.0, 2.0)
#: Less than the skew, so that a comparison with the wrong clock would tell.
DEADLINE_S = 1.9
#: A busy machine may be late now and then.
TRIES = 20

pytestmark = pytest.mark.skipif(not FAKETIME, reason="no libfaketime: apt-get install libfaketime")


def faked(skew_s: float) -> dict[str, str]:
    return {"LD_PRELOAD": str(FAKETIME[0]), "FAKETIME": f"{skew_s:+.1f}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_the_clock_is_really_another(tmp_path):
    with ExitStack() as ending:
        processes = Processes(ending)
        told = tmp_path / "told"
        program = f"import pathlib, time; pathlib.Path({str(told)!r}).write_text(str(time.time()))"
        processes.start(sys.executable, "-c", program, **faked(2.0)).wait(60)
        assert 1 < float(told.read_text()) - told.stat().st_mtime < 3


@pytest.fixture(scope="module", params=SKEWS_S)
def skewed(request) -> Iterator[Processes]:
    """A queue whose one live worker lives on a host with another clock."""
    with ExitStack() as ending:
        processes = Processes(ending, DEADLINE_MS=round(DEADLINE_S * 1000))
        for kind in ("faces", "recorded"):
            processes.worker("-m", "worker", kind, **faked(request.param))
        yield processes


@pytest.fixture
async def dispatcher(skewed):
    dispatcher = Dispatcher(Settings(redis_url=skewed.url))
    await dispatcher.start()
    while True:
        try:
            await dispatcher.classify(bytes(2304), 1, time.monotonic() + 120)
            break
        except QueueDown:  # its first connection takes long on a busy machine
            await asyncio.sleep(0.2)
    yield dispatcher
    await dispatcher.close()


async def test_a_worker_s_clock_does_not_move_a_deadline(skewed, dispatcher):
    replies = [await dispatcher.classify(bytes(2304), 1, time.monotonic() + DEADLINE_S) for _ in range(TRIES)]
    assert {reply["status"] for reply in replies} == {"ok"}


async def test_late_work_is_known_as_late(skewed, dispatcher, monkeypatch):
    now_ms = RedisClock.now_ms
    # As if the message had lain in the queue until half a second after its deadline.
    monkeypatch.setattr(RedisClock, "now_ms", lambda clock: now_ms(clock) - round(DEADLINE_S * 1000) - 500)
    reply = await dispatcher.classify(bytes(2304), 1, time.monotonic() + DEADLINE_S)
    assert reply["status"] == "stale"


@pytest.mark.parametrize("mode", ["live", "recorded"])
async def test_a_sender_s_and_a_worker_s_clock_change_no_answer(skewed, picture, mode):
    stream = skewed.detector()
    answers = []
    for ahead_s in (0.0, *SKEWS_S):
        async with websockets.connect(stream, compression=None, proxy=None) as socket:
            await socket.send(json.dumps({"v": 1, "mode": mode}))
            for number in range(TRIES):
                await socket.send(pack_frame(number, round((time.time() + ahead_s) * 1000), picture))
                answers.append(json.loads(await asyncio.wait_for(socket.recv(), 60)))
    good = [answer for answer in answers if answer["status"] == "ok"]
    assert len(good) > 0.9 * len(answers), [answer["status"] for answer in answers]
    assert all(0 <= answer["timings_ms"]["queue"] < 60_000 for answer in good)
