"""One frame in, exactly one answer out, whatever happens behind."""

from __future__ import annotations

import asyncio
import logging
import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from opentelemetry.trace import SpanKind

from detector_service.decode import PICTURE_STATUS, PictureError
from detector_service.depths import QueueDepths
from detector_service.detectors import Detector, make_detector
from detector_service.dispatch import DeadlinePassed, Dispatcher, QueueDown, TaskFailed
from detector_service.find import find, milliseconds
from detector_service.finder import Finder
from detector_service.known import KnownModel
from detector_service.limit import TARGET_SHARE, AdaptiveLimit, Permit
from detector_service.metrics import Metrics
from detector_service.recorded import RecordedService
from moodstream import logs, tracing
from moodstream.settings import Settings
from moodstream.types import CROP_BYTES, FrameReading, Problem

log = logging.getLogger(__name__)

#: Error codes that are not about the picture, with their HTTP status.
_OTHER_STATUS = {"queue_down": 503, "overloaded": 503, "classifier_failed": 502, "internal": 500}
_REDIS_AWAY = "Redis cannot be reached"
#: How long a proof that a classifier answers is believed.
_PROOF_S = 3.0


def http_status(answer: FrameReading) -> int:
    """The HTTP status that goes with an answer."""
    if answer.error is not None and answer.status == "error":
        return {**_OTHER_STATUS, **PICTURE_STATUS}.get(answer.error.code, 400)
    return {"ok": 200, "stale": 504, "overloaded": 503, "error": 500}[answer.status]


class FrameService:
    """Detectors in threads and the queue behind them; shared by HTTP and the streams.

    ``waited`` is told for how many seconds each frame waited for a thread.
    """

    def __init__(
        self, options: Settings, metrics: Metrics, waited: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self.options, self.metrics, self._waited = options, metrics, waited
        self.detector_name: str | None = None
        self.depths = QueueDepths(options)
        self._known = KnownModel()
        self.recorded = RecordedService(options, metrics, self._known)
        self._dispatcher = Dispatcher(options)
        self._threads = ThreadPoolExecutor(options.detector_threads, thread_name_prefix="detect")
        self._detectors: queue.SimpleQueue[Detector] = queue.SimpleQueue()
        self._in_flight = 0
        self._limit = AdaptiveLimit(options.deadline_ms / 1000 * TARGET_SHARE)
        metrics.faces_allowed.set_function(lambda: self._limit.limit)
        self._proof: tuple[float, str | None] = (float("-inf"), None)
        self._proving = asyncio.Lock()

    async def start(self) -> None:
        """Make the detectors and subscribe; Redis may be missing."""
        await asyncio.gather(self._dispatcher.start(), self.recorded.start())
        loop = asyncio.get_running_loop()
        for _ in range(self.options.detector_threads):
            detector = await loop.run_in_executor(self._threads, make_detector, self.options)
            self.detector_name = detector.name
            self._detectors.put(detector)
        log.info("Detecting with %s", self.detector_name)

    async def close(self) -> None:
        """Let the frame at work end, then free detectors and connections."""
        await asyncio.gather(self._dispatcher.close(), self.recorded.close(), self.depths.close())
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)
        while not self._detectors.empty():
            self._detectors.get().close()

    async def read(
        self,
        picture: bytes,
        frame: int = 0,
        captured_ms: int = 0,
        received: float | None = None,
        finder: Finder | None = None,
        *,
        embeddings: bool = False,
    ) -> FrameReading:
        """The answer to one picture, at the latest ``deadline_ms`` after ``received`` (``time.monotonic()``).

        A stream brings its ``finder``; a picture without one is searched as if nothing were known. ``embeddings`` asks
        for them beside the probabilities.
        """
        with logs.about(frame=frame), tracing.frame(frame) as span:
            answer = await self._counted(picture, frame, captured_ms, received, finder, embeddings=embeddings)
            tracing.answered(span, answer)
            return answer

    async def _counted(
        self,
        picture: bytes,
        frame: int,
        captured_ms: int,
        received: float | None,
        finder: Finder | None,
        *,
        embeddings: bool,
    ) -> FrameReading:
        started = time.monotonic() if received is None else received
        guess = self.metrics.demand.usual_faces()
        # A picture that belongs to no stream stands for itself.
        who = object() if finder is None else finder
        crowded = self._in_flight >= self.options.max_in_flight
        if crowded or not self._limit.lets_in(who, guess):
            # Before anything is done for it: what is refused must cost nothing.
            problem = Problem("overloaded", "Too many faces are under way: try again in a second.")
            answer = FrameReading(status="overloaded", error=problem)
            self.metrics.refuse()
            if crowded:  # not where the workers are too slow: another replica would have the same
                self._waited(self.options.deadline_ms / 1000)
        else:
            self._in_flight += 1
            self.metrics.frames_in_flight.inc()
            try:
                give_up_at = started + self.options.deadline_ms / 1000
                with self._limit.permit(guess) as permit:
                    answer = await self._read(
                        picture, give_up_at, permit, finder=finder, at=captured_ms / 1000, embeddings=embeddings
                    )
                    permit.telling = answer.status in ("ok", "stale")
            except Exception:
                log.exception("A frame could not be read")
                problem = Problem("internal", "The service failed on this frame; its log says why.")
                answer = FrameReading(status="error", error=problem)
            finally:
                self._in_flight -= 1
                self.metrics.frames_in_flight.dec()
        total = milliseconds(time.monotonic() - started)
        answer = replace(answer, frame=frame, captured_ms=captured_ms, timings_ms={**answer.timings_ms, "total": total})
        answer = self._known.told(answer)
        self.metrics.count(answer)
        return answer

    async def _read(
        self,
        picture: bytes,
        give_up_at: float,
        permit: Permit,
        *,
        finder: Finder | None,
        at: float,
        embeddings: bool,
    ) -> FrameReading:
        partial = FrameReading(status="stale", detector=self.detector_name)
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + give_up_at - time.monotonic()):
                with tracing.span("find"):
                    partial, crops = await asyncio.get_running_loop().run_in_executor(
                        self._threads, self._find, picture, give_up_at, finder, at, time.monotonic()
                    )
            self._limit.found(permit, max(len(partial.readings), 1))
            if not crops:
                return partial
            sent = time.monotonic()
            with self.metrics.under_way(len(partial.readings)), tracing.span("classify", SpanKind.PRODUCER):
                reply = await self._dispatcher.classify(crops, len(partial.readings), give_up_at, embeddings)
            if time.monotonic() > give_up_at:
                raise DeadlinePassed  # it came at the last moment, and this process was slow
        except PictureError as error:
            return replace(error.answer(), detector=self.detector_name)
        except (TimeoutError, DeadlinePassed):
            return replace(partial, status="stale")
        except QueueDown as error:
            log.debug("Queue down: %s", error)
            problem = Problem("queue_down", "The queue cannot be reached: try again in a second.")
            return replace(partial, status="error", error=problem)
        except TaskFailed as error:
            log.error("A classifier worker failed: %s", error)
            problem = Problem("classifier_failed", f"The classifier failed: {error}")
            return replace(partial, status="error", error=problem)
        waited = milliseconds(time.monotonic() - sent)
        self._known.heard(reply)
        answer = partial.classified(reply)
        if answer.status == "ok":
            self._proof = (time.monotonic(), None)
        queued = round(max(waited - (reply.get("classify_ms") or 0.0), 0.0), 2)
        return replace(answer, timings_ms={**answer.timings_ms, "queue": queued})

    def _find(
        self, picture: bytes, give_up_at: float, finder: Finder | None, at: float, asked: float
    ) -> tuple[FrameReading, bytes]:
        """Runs in a detector thread."""
        self._waited(time.monotonic() - asked)
        if time.monotonic() > give_up_at:
            raise DeadlinePassed  # given up while it waited for the thread
        detector = self._detectors.get()
        try:
            return find(picture, detector, self.options, finder, at)
        finally:
            self._detectors.put(detector)

    async def ready(self) -> dict[str, Any]:
        """Whether a frame would be answered now, and if not, why: ``ready``, ``detector``, ``redis``, ``reason``."""
        reason = await self._unreadiness()
        return {
            "ready": reason is None,
            "detector": self.detector_name,
            "redis": self._dispatcher.connected and reason != _REDIS_AWAY,
            "reason": reason,
        }

    async def _unreadiness(self) -> str | None:
        if self.detector_name is None:
            return "the detector is being loaded"
        if not self._dispatcher.connected:
            return _REDIS_AWAY
        # The proof that a worker answers is an answer; several probes at a time share one.
        async with self._proving:
            at, reason = self._proof
            if time.monotonic() - at > _PROOF_S:
                reason = await self._prove()
                # A good answer is believed for a while, a bad one not.
                self._proof = (time.monotonic() if reason is None else float("-inf"), reason)
            return reason

    async def _prove(self) -> str | None:
        try:
            reply = await self._dispatcher.classify(bytes(CROP_BYTES), 1, time.monotonic() + 1.0)
        except QueueDown:
            return _REDIS_AWAY
        except DeadlinePassed:
            return "no classifier worker answers"
        except TaskFailed as error:
            return f"the classifier fails: {error}"
        self._known.heard(reply)
        return None if reply["status"] == "ok" else "the classifier workers are too slow"
