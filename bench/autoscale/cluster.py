"""A cluster in SimPy: streams come and go one by one, pods take their time to start, autoscalers look now and then.

What flows between two events (faces through the workers' queue) is a rate, not single frames: a day of 2,000 streams
has half a billion frames. Streams stay on the detector on which they began until it asks some to move because it is
busy; that, and pods that are not ready yet, is what makes labels late.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

from bench.autoscale.rule import SYNC_S, Autoscaler, Rule
from detector_service.metrics import Demand


@dataclass(frozen=True)
class Costs:
    """What was measured. Rates and times of one replica."""

    #: Faces a second that one live worker drains.
    worker_faces: float
    #: Processor seconds that a frame costs a detector.
    detector_s: float
    #: Cores that one detector can use.
    detector_cores: float
    #: Seconds from a higher count to a ready pod: the least and the most, equally likely between them.
    start_s: tuple[float, float]


@dataclass(frozen=True)
class Class:
    """A stream: frames a second, faces a frame."""

    fps: float = 5.0
    faces: float = 25.0


#: Labels older than this are shown as old.
LATE_S = 0.3
#: A frame is given up at this age (MOODSTREAM_DEADLINE_MS).
DEADLINE_S = 1.0
#: Prometheus asks this often, and the detectors tell a mean over this window.
SCRAPE_S, WINDOW_S = 5.0, Demand.WINDOW_S
TICK_S = 1.0
#: A detector looks this often whether it is too busy, and then asks this share of its streams to connect again.
MOVE_EVERY_S, BUSY, MOVE_SHARE = 10.0, 0.95, 0.1


@dataclass
class Pods:
    """A Deployment: ready pods, and those that are starting."""

    ready: list[float] = field(default_factory=list)
    starting: int = 0

    @property
    def count(self) -> int:
        return len(self.ready) + self.starting


@dataclass
class Log:
    """One line a tick."""

    at: list[float] = field(default_factory=list)
    streams: list[int] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)
    detectors: list[int] = field(default_factory=list)
    wanted: list[float] = field(default_factory=list)
    #: Faces in this tick: all, and those whose label came late, was given up or refused.
    faces: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


class Cluster:
    """One run. ``lessons`` gives (seconds until the next change, change in the number of streams)."""

    def __init__(
        self,
        costs: Costs,
        rules: dict[str, Rule],
        kind: Class,
        lessons: Iterator[tuple[float, int]],
        *,
        moves: bool = True,
        seed: int = 0,
    ) -> None:
        self.costs, self.kind, self.log = costs, kind, Log()
        self._env, self._random = simpy.Environment(), random.Random(seed)
        self._workers, self._detectors = Pods(), Pods()
        self._backlog = 0.0
        self._told: deque[float] = deque([0.0] * round(WINDOW_S / TICK_S), round(WINDOW_S / TICK_S))
        self._scraped = {"moodstream_demand_faces": 0.0, "moodstream_streams": 0.0, "cpu": 0.0}
        self._workers.ready = [0.0] * rules["live-worker"].minimum
        self._detectors.ready = [0.0] * rules["detector"].minimum
        for process in (
            self._streams(lessons),
            self._flow(),
            self._scrape(),
            *([self._move()] if moves else []),
            self._scale(self._workers, Autoscaler(rules["live-worker"]), lambda pods: pods.ready.pop()),
            self._scale(self._detectors, Autoscaler(rules["detector"]), self._drain),
        ):
            self._env.process(process)

    def run(self, seconds: float) -> Log:
        """Simulate; a second call goes on."""
        self._env.run(self._env.now + seconds)
        return self.log

    @property
    def open_streams(self) -> int:
        return round(sum(self._detectors.ready))

    def _streams(self, lessons: Iterator[tuple[float, int]]) -> Iterator[Any]:
        for wait, change in lessons:
            yield self._env.timeout(wait)
            for _ in range(abs(change)):
                if change > 0:
                    self._connect(1)
                elif self.open_streams:
                    held = self._detectors.ready
                    (place,) = self._random.choices(range(len(held)), held)
                    held[place] -= 1

    def _connect(self, streams: float) -> None:
        """A Service gives a new connection to any ready replica."""
        for _ in range(round(streams)):
            self._detectors.ready[self._random.randrange(len(self._detectors.ready))] += 1

    def _drain(self, pods: Pods) -> None:
        """The emptiest replica ends; its streams resume elsewhere."""
        place = min(range(len(pods.ready)), key=pods.ready.__getitem__)
        self._connect(pods.ready.pop(place))

    def _move(self) -> Iterator[Any]:
        while True:
            yield self._env.timeout(MOVE_EVERY_S)
            held = self._detectors.ready
            room = self.costs.detector_cores / (self.kind.fps * self.costs.detector_s)
            for place, streams in enumerate(list(held)):
                if streams > 1 and streams >= BUSY * room:
                    moved = max(1, int(streams * MOVE_SHARE))
                    held[place] -= moved
                    self._connect(moved)

    def _flow(self) -> Iterator[Any]:
        while True:
            yield self._env.timeout(TICK_S)
            frames = self.kind.fps * TICK_S
            # A detector past its cores answers what it can, and the rest late or not at all.
            room = self.costs.detector_cores * TICK_S / self.costs.detector_s
            passed = np.minimum(np.array(self._detectors.ready) * frames, room)
            wanted = self.open_streams * frames * self.kind.faces
            came = float(passed.sum()) * self.kind.faces
            late = wanted - came
            capacity = len(self._workers.ready) * self.costs.worker_faces * TICK_S
            before = self._backlog
            self._backlog = max(0.0, before + came - capacity)
            kept = capacity / TICK_S * DEADLINE_S
            late += max(0.0, self._backlog - kept)
            self._backlog = min(self._backlog, kept)
            if capacity and (before + self._backlog) / 2 / (capacity / TICK_S) > LATE_S:
                late += min(came, capacity)
            self._told.append(came / TICK_S * (1 + Demand.MESSAGE_FACES / self.kind.faces))
            self._note(wanted, min(late, wanted))

    def _scrape(self) -> Iterator[Any]:
        while True:
            yield self._env.timeout(SCRAPE_S)
            wanted = np.array(self._detectors.ready) * self.kind.fps * self.costs.detector_s
            busy = float(np.minimum(wanted, self.costs.detector_cores).sum())
            self._scraped = {
                "moodstream_demand_faces": sum(self._told) / len(self._told),
                "moodstream_streams": float(self.open_streams),
                # The autoscaler divides by the count, as for the others.
                "cpu": busy,
            }

    def _scale(self, pods: Pods, scaler: Autoscaler, end_one: Callable[[Pods], object]) -> Iterator[Any]:
        while True:
            yield self._env.timeout(SYNC_S)
            wanted = scaler.decide(self._env.now, pods.count, self._scraped)
            for _ in range(wanted - pods.count):
                pods.starting += 1
                self._env.process(self._start(pods))
            while pods.count > wanted and pods.ready and len(pods.ready) > 1:
                end_one(pods)

    def _start(self, pods: Pods) -> Iterator[Any]:
        yield self._env.timeout(self._random.uniform(*self.costs.start_s))
        pods.starting -= 1
        pods.ready.append(0.0)

    def _note(self, faces: float, late: float) -> None:
        log = self.log
        log.at.append(self._env.now)
        log.streams.append(self.open_streams)
        log.workers.append(len(self._workers.ready))
        log.detectors.append(len(self._detectors.ready))
        log.wanted.append(self._scraped["moodstream_demand_faces"])
        log.faces.append(faces)
        log.late.append(late)
