"""One WebSocket's frames: the newest first, each answered exactly once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from detector_service.finder import Finder
from detector_service.hello import BadHello, read_hello
from detector_service.lag import Lag
from detector_service.metrics import Metrics
from detector_service.recorded import WINDOW, ReadsRecorded, RecordedFlow
from detector_service.session import Session
from moodstream.types import FrameReading, Problem
from moodstream.wire import unpack_frame

log = logging.getLogger(__name__)

#: How much longer than the deadline the reader of frames may take before the stream answers for it.
_MARGIN_S = 0.2

Send = Callable[[str], Awaitable[None]]


class Reads(Protocol):
    """The frame service, as far as a stream needs it."""

    @property
    def recorded(self) -> ReadsRecorded: ...

    async def read(
        self,
        picture: bytes,
        frame: int = 0,
        captured_ms: int = 0,
        received: float | None = None,
        finder: Finder | None = None,
        *,
        embeddings: bool = False,
    ) -> FrameReading: ...


class NoHello(Exception):  # noqa: N818
    """A frame came before any hello; the stream ends."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    captured_ms: int
    picture: bytes
    received: float


class Stream:
    """The state of one stream: one frame working, one waiting; a newer frame replaces the waiting one.

    Recorded frames take another way, on which nothing is replaced (:class:`RecordedFlow`). Each answer passes through
    the ``session`` on its way out.
    """

    def __init__(
        self, service: Reads, send: Send, deadline_s: float, session: Session, metrics: Metrics | None = None
    ) -> None:
        self._service, self._deadline_s, self._session = service, deadline_s, session
        self._send_text = send
        self._finder, self._lag = Finder(), Lag()
        self._metrics = metrics or Metrics()
        self._sending = asyncio.Lock()
        self._greeted = False
        self._waiting: _Waiting | None = None
        self._worker: asyncio.Task[None] | None = None
        self._recorded: RecordedFlow | None = None

    async def hello(self, text: str) -> None:
        """Take a text message; a bad one is answered with an error, and what was agreed before stays."""
        try:
            hello = read_hello(text)
        except BadHello as error:
            await self._refuse("bad_hello", str(error))
            return
        await self.finish()  # what was sent before this hello is answered as was agreed then
        self._session.agree(hello)
        self._greeted = True
        self._recorded = None
        if hello.mode == "recorded":
            self._recorded = RecordedFlow(
                self._service.recorded,
                self._send,
                hello.window or WINDOW,
                self._finder,
                embeddings=self._session.needs_embeddings,
            )

    async def frame(self, message: bytes) -> None:
        """Take a binary message, in recorded mode when there is room for it; the answer follows.

        Raises:
            NoHello: there was no good hello before; it has been answered.
        """
        try:
            number, captured_ms, picture = unpack_frame(message)
        except ValueError as error:
            await self._refuse("bad_frame", f"The message is no frame: {error}.")
            return
        if not self._greeted:
            problem = Problem("no_hello", "The first message of a stream is its hello.")
            await self._answer_here(FrameReading(number, captured_ms, "error", problem))
            raise NoHello
        if self._recorded is not None:
            await self._recorded.frame(number, captured_ms, picture)
            return
        replaced = self._waiting
        # What was held back on its way is older than it looks.
        received = time.monotonic() - self._lag.of(captured_ms)
        self._waiting = _Waiting(number, captured_ms, picture, received)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        if replaced is not None:
            await self._answer_here(FrameReading(replaced.number, replaced.captured_ms, "stale"))

    async def finish(self) -> None:
        """Wait until all frames taken so far are answered."""
        if self._worker is not None:
            await self._worker
        if self._recorded is not None:
            await self._recorded.finish()

    async def close(self) -> None:
        """Give up what is under way: nobody is there to hear the answer."""
        self._waiting = None
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        if self._recorded is not None:
            await self._recorded.close()

    async def _work(self) -> None:
        """Answer frames until none waits."""
        while self._waiting is not None:
            frame, self._waiting = self._waiting, None
            await self._send(await self._answer(frame))

    async def _answer(self, frame: _Waiting) -> FrameReading:
        left = frame.received + self._deadline_s - time.monotonic()
        stale = FrameReading(frame.number, frame.captured_ms, "stale")
        if left <= 0:
            self._metrics.count(stale)
            return stale
        try:
            # The service keeps the deadline itself; this timer keeps the promise if it ever does not.
            async with asyncio.timeout(left + _MARGIN_S):
                return await self._service.read(
                    frame.picture,
                    frame.number,
                    frame.captured_ms,
                    frame.received,
                    self._finder,
                    embeddings=self._session.needs_embeddings,
                )
        except TimeoutError:
            self._metrics.count(stale)
            return stale
        except Exception:
            log.exception("A frame of a stream failed")
            failed = _failed(frame.number, frame.captured_ms)
            self._metrics.count(failed)
            return failed

    async def _refuse(self, code: str, message: str) -> None:
        await self._answer_here(FrameReading(status="error", error=Problem(code, message)))

    async def _answer_here(self, answer: FrameReading) -> None:
        """Send an answer that the service knows nothing of, and so has not counted."""
        self._metrics.count(answer)
        await self._send(answer)

    async def _send(self, answer: FrameReading) -> None:
        try:
            answer = self._session.settle(answer)
        except Exception:
            log.exception("An answer could not be settled")
            answer = self._session.settle(_failed(answer.frame, answer.captured_ms))
        text = json.dumps(answer.to_json(), separators=(",", ":"), ensure_ascii=False)
        with self._metrics.stages.labels("reply").time():
            async with self._sending:
                await self._send_text(text)


def _failed(number: int, captured_ms: int) -> FrameReading:
    problem = Problem("internal", "The service failed on this frame; its log says why.")
    return FrameReading(number, captured_ms, "error", problem)
