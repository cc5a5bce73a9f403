"""Recorded pictures: none dropped, answered in order, a window of them under way as back pressure."""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from opentelemetry.trace import SpanKind

from detector_service.decode import PictureError
from detector_service.detectors import Detector, make_detector
from detector_service.find import find, milliseconds
from detector_service.finder import Finder
from detector_service.known import KnownModel
from detector_service.metrics import Metrics
from detector_service.patient import PatientDispatcher, QueueDown, TaskFailed
from moodstream import logs, tracing
from moodstream.settings import Settings
from moodstream.types import FrameReading, Problem

log = logging.getLogger(__name__)

WINDOW = 4
#: Recorded pictures are searched in threads that give way to those of live frames.
_NICE = 10


class Place:
    """What a stream keeps for its recorded frames: they are searched in order, each knowing what was found before."""

    def __init__(self, finder: Finder | None = None) -> None:
        self.finder = finder or Finder()
        self.turn = asyncio.Lock()  # asyncio's locks are fair: first come, first served


class ReadsRecorded(Protocol):
    """The service, as far as a stream needs it."""

    async def read(
        self, picture: bytes, frame: int, captured_ms: int, place: Place, *, embeddings: bool = False
    ) -> FrameReading: ...


class RecordedService:
    """Detectors in threads of their own and the patient way to the queue; shared by all recorded streams."""

    def __init__(self, options: Settings, metrics: Metrics, known: KnownModel | None = None) -> None:
        self._known = known or KnownModel()
        self.options, self.metrics = options, metrics
        self._dispatcher = PatientDispatcher(options)
        self._threads = ThreadPoolExecutor(options.detector_threads, "recorded", _give_way)
        self._detectors: queue.SimpleQueue[Detector] = queue.SimpleQueue()

    async def start(self) -> None:
        """Subscribe; Redis may be missing. Detectors are made when the first picture comes: many services see none."""
        await self._dispatcher.start()

    async def close(self) -> None:
        """Let the pictures at work end, then free detectors and connections."""
        await self._dispatcher.close()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        while not self._detectors.empty():
            self._detectors.get().close()

    async def read(
        self, picture: bytes, frame: int, captured_ms: int, place: Place, *, embeddings: bool = False
    ) -> FrameReading:
        """The answer to one picture, whenever it comes; it never raises."""
        with logs.about(frame=frame), tracing.frame(frame) as span:
            answer = await self._counted(picture, frame, captured_ms, place, embeddings)
            tracing.answered(span, answer)
            return answer

    async def _counted(
        self, picture: bytes, frame: int, captured_ms: int, place: Place, embeddings: bool
    ) -> FrameReading:
        began = time.monotonic()
        self.metrics.frames_in_flight.inc()
        try:
            answer = await self._read(picture, captured_ms / 1000, place, embeddings)
        except Exception:
            log.exception("A recorded frame could not be read")
            answer = _error("internal", "The service failed on this frame; its log says why.")
        finally:
            self.metrics.frames_in_flight.dec()
        total = milliseconds(time.monotonic() - began)
        answer = replace(answer, frame=frame, captured_ms=captured_ms, timings_ms={**answer.timings_ms, "total": total})
        answer = self._known.told(answer)
        self.metrics.count(answer, live=False)
        return answer

    async def _read(self, picture: bytes, at: float, place: Place, embeddings: bool) -> FrameReading:
        try:
            async with place.turn:
                with tracing.span("find"):
                    partial, crops = await asyncio.get_running_loop().run_in_executor(
                        self._threads, self._find, picture, place.finder, at
                    )
            if not crops:
                return partial
            sent = time.monotonic()
            with tracing.span("classify", SpanKind.PRODUCER):
                reply = await self._dispatcher.classify(crops, len(partial.readings), embeddings)
        except PictureError as error:
            return error.answer()
        except QueueDown:
            return _error("queue_down", f"The queue could not be reached for {self._patience}.")
        except TimeoutError:
            return _error("no_worker", f"No classifier worker answered for {self._patience}.")
        except TaskFailed as error:
            log.error("A classifier worker failed: %s", error)
            return _error("classifier_failed", f"The classifier failed: {error}")
        waited = milliseconds(time.monotonic() - sent)
        self._known.heard(reply)
        answer = partial.classified(reply)
        queued = round(max(waited - reply["classify_ms"], 0.0), 2)
        return replace(answer, timings_ms={**answer.timings_ms, "queue": queued})

    @property
    def _patience(self) -> str:
        return f"{self.options.recorded_patience_s} seconds"

    def _find(self, picture: bytes, finder: Finder, at: float) -> tuple[FrameReading, bytes]:
        """Runs in a detector thread."""
        detector = make_detector(self.options) if self._detectors.empty() else self._detectors.get()
        try:
            return find(picture, detector, self.options, finder, at)
        finally:
            self._detectors.put(detector)


class RecordedFlow:
    """The recorded frames of one stream."""

    def __init__(
        self,
        service: ReadsRecorded,
        deliver: Callable[[FrameReading], Awaitable[None]],
        window: int = WINDOW,
        finder: Finder | None = None,
        *,
        embeddings: bool = False,
    ) -> None:
        self._service, self._deliver, self._window, self._embeddings = service, deliver, window, embeddings
        self._place = Place(finder)
        self._under_way: deque[asyncio.Task[FrameReading]] = deque()
        self._answered = asyncio.Event()
        self._deliverer: asyncio.Task[None] | None = None

    async def frame(self, number: int, captured_ms: int, picture: bytes) -> None:
        """Take a frame once fewer than ``window`` are under way; until then no more is read from the socket.

        Raises:
            OSError, RuntimeError: an answer could not be delivered, as ``deliver`` raised it.
        """
        await self._until_under_way(self._window - 1)
        reading = self._service.read(picture, number, captured_ms, self._place, embeddings=self._embeddings)
        self._under_way.append(asyncio.create_task(reading))
        if self._deliverer is None or self._deliverer.done():
            self._deliverer = asyncio.create_task(self._deliver_in_order())

    async def finish(self) -> None:
        """Wait until all frames are answered; raises like :meth:`frame`."""
        await self._until_under_way(0)

    async def close(self) -> None:
        """Give up what is under way: nobody is there to hear the answer."""
        tasks = [*self._under_way, *([self._deliverer] if self._deliverer else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _until_under_way(self, most: int) -> None:
        while len(self._under_way) > most:
            assert self._deliverer is not None
            self._answered.clear()
            answered = asyncio.create_task(self._answered.wait())
            await asyncio.wait({answered, self._deliverer}, return_when=asyncio.FIRST_COMPLETED)
            answered.cancel()
            if self._deliverer.done():
                self._deliverer.result()  # raises what went wrong

    async def _deliver_in_order(self) -> None:
        while self._under_way:
            await self._deliver(await self._under_way[0])
            self._under_way.popleft()
            self._answered.set()


def _give_way() -> None:
    """Make the calling thread, and those that it starts, nicer than the others (only Linux has niceness a thread)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _error(code: str, message: str) -> FrameReading:
    return FrameReading(status="error", error=Problem(code, message))
