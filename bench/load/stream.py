"""One simulated participant: sends frames at a rate, and sees to it that each is answered."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from bench.load.door import Door
from bench.load.tally import Tally
from moodstream.wire import pack_frame

#: Seconds for which the answers of the last frames are awaited.
LAST_ANSWERS_S = 15.0
_WAITS_S = (0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Plan:
    """What every stream does."""

    fps: float
    seconds: float
    in_flight: int = 2
    mode: str = "live"
    view: str = "individual"


@dataclass
class _Frame:
    picture: bytes
    captured: float


class Participant:
    """One stream. When its socket breaks it opens another, as a browser does, goes on from the last answer, and sends
    what was not answered once more, so that every frame is answered and none twice."""

    def __init__(self, door: Door, pictures: Sequence[bytes], plan: Plan, tally: Tally, start: int = 0) -> None:
        self._door, self._plan, self._tally = door, plan, tally
        self._pictures: Iterator[bytes] = itertools.cycle([*pictures[start:], *pictures[:start]])
        self._numbers = itertools.count(1)
        self._open: dict[int, _Frame] = {}
        self._last: dict[str, Any] | None = None
        self._until = 0.0
        self._good_at = 0.0
        self._settled = asyncio.Event()

    async def run(self) -> None:
        """Stream for as long as planned, then wait for the last answers."""
        self._good_at = time.monotonic()
        self._until = self._good_at + self._plan.seconds
        waits = itertools.chain(_WAITS_S, itertools.repeat(_WAITS_S[-1]))
        while not self._over():
            try:
                async with await self._connect() as socket:
                    waits = itertools.chain(_WAITS_S, itertools.repeat(_WAITS_S[-1]))
                    await self._talk(socket)
                    return
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake, httpx.HTTPError) as error:
                self._tally.breaks[f"{type(error).__name__}: {error}"] += 1
                await asyncio.sleep(next(waits))
        self._tally.unanswered += len(self._open)

    def finish(self) -> None:
        """Send no more, but wait for the answers."""
        self._until = min(self._until, time.monotonic())

    def _over(self) -> bool:
        now = time.monotonic()
        return now > self._until + LAST_ANSWERS_S or (now > self._until and not self._open)

    async def _connect(self) -> ClientConnection:
        opening = await self._door.opening()
        return await connect(compression=None, proxy=None, max_size=None, open_timeout=10, close_timeout=1, **opening)

    async def _talk(self, socket: ClientConnection) -> None:
        hello = {"v": 1, "mode": self._plan.mode, "view": self._plan.view, "resume": self._last}
        await socket.send(json.dumps(hello))
        listening, sending = asyncio.create_task(self._listen(socket)), asyncio.create_task(self._send_all(socket))
        try:
            ended, _ = await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()  # raises what broke the stream
        finally:
            listening.cancel()
            sending.cancel()
            await asyncio.gather(listening, sending, return_exceptions=True)

    async def _send_all(self, socket: ClientConnection) -> None:
        for number, frame in list(self._open.items()):
            await socket.send(self._packed(number, frame))
            self._tally.sent_again += 1
        await self._send(socket)
        if self._open:
            self._settled.clear()
            async with asyncio.timeout(max(self._until + LAST_ANSWERS_S - time.monotonic(), 0)):
                await self._settled.wait()

    async def _send(self, socket: ClientConnection) -> None:
        """At each tick a frame, unless as many as allowed are under way: that one is skipped, as by a camera."""
        every = 1 / self._plan.fps
        at = time.monotonic()
        while at < self._until:
            if len(self._open) < self._plan.in_flight:
                number, frame = next(self._numbers), _Frame(next(self._pictures), time.time())
                self._open[number] = frame
                self._tally.sent += 1
                await socket.send(self._packed(number, frame))
            else:
                self._tally.skipped += 1
            at = max(at + every, time.monotonic())
            await asyncio.sleep(at - time.monotonic())

    async def _listen(self, socket: ClientConnection) -> None:
        while True:
            answer = json.loads(await socket.recv())
            frame = self._open.pop(answer["frame"], None)
            if frame is None:
                self._tally.unexpected += 1
                continue
            self._tally.answered(answer, (time.time() - frame.captured) * 1000)
            if answer["status"] == "ok":
                self._last = answer
                now = time.monotonic()
                self._tally.longest_silence_s = max(self._tally.longest_silence_s, now - self._good_at)
                self._good_at = now
            if not self._open:
                self._settled.set()

    @staticmethod
    def _packed(number: int, frame: _Frame) -> bytes:
        return pack_frame(number, round(frame.captured * 1000), frame.picture)
