"""One WebSocket's frames: the newest first, each answered exactly once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from detector_service.finder import Finder
from detector_service.metrics import Metrics
from moodstream.types import FrameReading, Problem
from moodstream.wire import unpack_frame

log = logging.getLogger(__name__)

#: How much longer than the deadline the reader of frames may take before the stream answers for it.
_MARGIN_S = 0.2

Send = Callable[[str], Awaitable[None]]


class Reads(Protocol):
    """The frame service, as far as a stream needs it."""

    async def read(
        self,
        picture: bytes,
        frame: int = 0,
        captured_ms: int = 0,
        received: float | None = None,
        finder: Finder | None = None,
    ) -> FrameReading: ...


class Hello(BaseModel):
    """The first message of a stream; may be sent again."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    v: Literal[1]
    mode: Literal["live", "recorded"] = "live"
    view: Literal["individual", "group"] = "individual"
    smoothing: Any = None
    embeddings: bool = False
    adaptation: Any = None
    resume: Any = None

    def not_built(self) -> str | None:
        """The first wish that is not built yet; None if all can be granted. Smoothing and resuming are ignored."""
        if self.mode == "recorded":
            return "mode 'recorded'"
        if self.view == "group":
            # Answering with labels on faces would give away what this view is asked for to hide.
            return "view 'group'"
        if self.embeddings:
            return "embeddings"
        return "adaptation" if self.adaptation else None


class NoHello(Exception):  # noqa: N818
    """A frame came before any hello; the stream ends."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    captured_ms: int
    picture: bytes
    received: float


class Stream:
    """The state of one stream: one frame working, one waiting; a newer frame replaces the waiting one."""

    def __init__(self, service: Reads, send: Send, deadline_s: float, metrics: Metrics | None = None) -> None:
        self._service, self._deadline_s = service, deadline_s
        self._send_text = send
        self._finder = Finder()
        self._metrics = metrics or Metrics()
        self._sending = asyncio.Lock()
        self._hello: Hello | None = None
        self._waiting: _Waiting | None = None
        self._worker: asyncio.Task[None] | None = None

    async def hello(self, text: str) -> None:
        """Take a text message; a bad one is answered with an error, and what was agreed before stays."""
        try:
            hello = Hello.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            await self._refuse("bad_hello", f"The hello is not understood: {where} {first['msg']}".replace("  ", " "))
            return
        missing = hello.not_built()
        if missing is not None:
            await self._refuse("not_supported", f"Not available yet: {missing}.")
            return
        self._hello = hello

    async def frame(self, message: bytes) -> None:
        """Take a binary message; returns at once, the answer follows.

        Raises:
            NoHello: there was no good hello before; it has been answered.
        """
        try:
            number, captured_ms, picture = unpack_frame(message)
        except ValueError as error:
            await self._refuse("bad_frame", f"The message is no frame: {error}.")
            return
        if self._hello is None:
            problem = Problem("no_hello", "The first message of a stream is its hello.")
            await self._answer_here(FrameReading(number, captured_ms, "error", problem))
            raise NoHello
        replaced = self._waiting
        self._waiting = _Waiting(number, captured_ms, picture, time.monotonic())
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        if replaced is not None:
            await self._answer_here(FrameReading(replaced.number, replaced.captured_ms, "stale"))

    async def close(self) -> None:
        """Give up what is under way: nobody is there to hear the answer."""
        self._waiting = None
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)

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
                    frame.picture, frame.number, frame.captured_ms, frame.received, self._finder
                )
        except TimeoutError:
            self._metrics.count(stale)
            return stale
        except Exception:
            log.exception("A frame of a stream failed")
            problem = Problem("internal", "The service failed on this frame; its log says why.")
            failed = FrameReading(frame.number, frame.captured_ms, "error", problem)
            self._metrics.count(failed)
            return failed

    async def _refuse(self, code: str, message: str) -> None:
        await self._answer_here(FrameReading(status="error", error=Problem(code, message)))

    async def _answer_here(self, answer: FrameReading) -> None:
        """Send an answer that the service knows nothing of, and so has not counted."""
        self._metrics.count(answer)
        await self._send(answer)

    async def _send(self, answer: FrameReading) -> None:
        text = json.dumps(answer.to_json(), separators=(",", ":"), ensure_ascii=False)
        with self._metrics.stages.labels("reply").time():
            async with self._sending:
                await self._send_text(text)
