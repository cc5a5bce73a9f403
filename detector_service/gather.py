"""Frames with few faces share a message while answers are slow.

A message costs a worker as much as two faces or three. While workers keep up each frame has its own and waits for
nobody. While an answer is slow, the crops of further frames are held a short while and travel together: workers that
cannot keep up are relieved by as much as they lack.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from detector_service.link import Headers, QueueDown

log = logging.getLogger(__name__)

#: An answer that takes longer is slow; one face takes a worker at rest about half of it.
SLOW_S = 0.01

Reply = dict[str, Any]


class DeadlinePassed(Exception):  # noqa: N818 - a state of the world, like asyncio.QueueFull
    """No answer in time."""


@dataclass(frozen=True)
class Work:
    """``n`` crops back to back, until which moment of ``time.monotonic()`` anybody wants the answer, whose they are."""

    crops: bytes
    n: int
    give_up_at: float
    embeddings: bool
    headers: Headers


@dataclass
class _Held:
    work: Work
    answer: asyncio.Future[Reply]


class Gatherer:
    """Sends work on, alone or together.

    Args:
        send: has one message answered; may raise, for all that share it.
        most: faces of a message.
        hold_s: how long work is held at most; 0: never.
    """

    def __init__(self, send: Callable[[Work], Awaitable[Reply]], most: int, hold_s: float) -> None:
        self._send, self._most, self._hold_s = send, most, hold_s
        self._under_way: dict[object, float] = {}  # when each message was sent, the oldest first
        self._held: list[_Held] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, work: Work) -> Reply:
        """The reply to this work.

        Raises:
            DeadlinePassed: no answer in time.
            Exception: what ``send`` raises.
        """
        if 2 * work.n > self._most or not self._hold_s or not self._slow():
            return await self._message(work)
        held = _Held(work, asyncio.get_running_loop().create_future())
        if not self._fits(work):
            self._release()
        if self._held:
            log.debug("shares the message of another frame", extra={"of": self._held[0].work.headers})
        self._held.append(held)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._hold_s, self._release)
        try:
            async with asyncio.timeout(work.give_up_at - time.monotonic()):
                return await held.answer
        except TimeoutError:
            raise DeadlinePassed from None

    def close(self) -> None:
        """Hold nothing any more, and tell what is held that the queue is down; what is under way ends with the link."""
        held, self._held, self._hold_s = self._held, [], 0.0
        self._release()
        for one in held:
            if not one.answer.done():
                one.answer.set_exception(QueueDown("the service is stopping"))

    def _fits(self, work: Work) -> bool:
        """Whether this may travel with what is held."""
        faces = sum(one.work.n for one in self._held) + work.n
        return faces <= self._most and all(one.work.embeddings == work.embeddings for one in self._held)

    def _slow(self) -> bool:
        oldest = next(iter(self._under_way.values()), None)
        return oldest is not None and time.monotonic() - oldest > SLOW_S

    async def _message(self, work: Work) -> Reply:
        key = object()
        self._under_way[key] = time.monotonic()
        try:
            return await self._send(work)
        finally:
            del self._under_way[key]
            if not self._slow():
                self._release()

    def _release(self) -> None:
        """Send what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held = [one for one in self._held if not one.answer.done()]
        self._held = []
        if held:
            task = asyncio.create_task(self._together(held))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _together(self, held: list[_Held]) -> None:
        work = [one.work for one in held]
        try:
            reply = await self._message(
                Work(
                    b"".join(one.crops for one in work),
                    sum(one.n for one in work),
                    # Who gives up before the others does so alone.
                    max(one.give_up_at for one in work),
                    work[0].embeddings,
                    work[0].headers,
                )
            )
        except Exception as error:
            for one in held:
                if not one.answer.done():
                    one.answer.set_exception(error)
            return
        for one, part in zip(held, shares(reply, [one.n for one in work]), strict=True):
            if not one.answer.done():
                one.answer.set_result(part)


def shares(reply: Reply, sizes: list[int]) -> list[Reply]:
    """A reply cut into those to parts of so many faces; one that was not read is the reply to each."""
    rows, embeddings, parts, first = reply["probabilities"], reply["embeddings"], [], 0
    for n in sizes:
        part = {**reply}
        if rows is not None:
            part["probabilities"] = rows[first : first + n]
        if embeddings is not None:
            width = len(embeddings) // sum(sizes)
            part["embeddings"] = embeddings[first * width : (first + n) * width]
        parts.append(part)
        first += n
    return parts
