"""The limit finds what the workers can do, in simulated time."""

import heapq
import random
import statistics
from itertools import count

import pytest

from detector_service.limit import AdaptiveLimit

TARGET_S = 0.4


class Simulated:
    """Streams that offer a frame every ``every_s`` to workers that take ``face_s`` for a face, one frame at a time."""

    def __init__(self, streams, faces, face_s, workers=1, every_s=1 / 30):
        self.now, self.limit = 0.0, AdaptiveLimit(TARGET_S, lambda: self.now)
        self.faces, self.face_s, self.every_s = faces, face_s, every_s
        self.free_at = [0.0] * workers
        self.busy, self.took, self.refused, self.answered = set(), [], 0, dict.fromkeys(range(streams), 0)
        self.order, self.events = count(), []
        chance = random.Random(4)
        for stream in range(streams):
            self.at(chance.random() * every_s, self.offer, stream)

    def at(self, moment, what, *arguments):
        heapq.heappush(self.events, (moment, next(self.order), what, arguments))

    def run(self, until):
        while self.events and self.events[0][0] < until:
            self.now, _, what, arguments = heapq.heappop(self.events)
            what(*arguments)

    def offer(self, stream):
        self.at(self.now + self.every_s, self.offer, stream)
        if stream in self.busy:
            return
        if not self.limit.lets_in(stream, self.faces):
            self.refused += 1
            return
        self.busy.add(stream)
        held = self.limit.permit(self.faces)
        leave = held.__enter__()
        worker = min(range(len(self.free_at)), key=self.free_at.__getitem__)
        self.free_at[worker] = max(self.now, self.free_at[worker]) + self.face_s * self.faces
        self.at(self.free_at[worker] + 0.005, self.answer, stream, held, leave)

    def answer(self, stream, held, leave):
        leave.telling = True
        self.took.append(self.now - leave.began)
        self.answered[stream] += 1
        self.busy.discard(stream)
        held.__exit__(None, None, None)


def test_nothing_is_refused_while_the_workers_keep_up():
    calm = Simulated(streams=10, faces=25, face_s=0.0001)
    calm.run(20)
    assert calm.refused == 0 and min(calm.answered.values()) > 500


@pytest.mark.parametrize(("faces", "face_s"), [(1, 0.25), (1, 0.02), (25, 0.01), (49, 0.0125)])
def test_ages_stay_low_and_the_workers_busy_under_any_load(faces, face_s):
    load = Simulated(streams=10, faces=faces, face_s=face_s)
    load.run(10)
    load.took.clear()
    load.run(70)
    alone = faces * face_s
    assert statistics.quantiles(load.took, n=100)[98] < max(TARGET_S, alone) * 2
    assert len(load.took) * alone > 0.85 * 60, "workers must not idle while frames are refused"


@pytest.mark.parametrize("face_s", [0.02, 0.05, 0.25])
def test_every_stream_gets_its_share(face_s):
    load = Simulated(streams=20, faces=1, face_s=face_s, every_s=1 / 20)
    load.run(60)
    assert max(load.answered.values()) < 1.3 * min(load.answered.values())


def test_more_workers_are_used_within_seconds():
    load = Simulated(streams=20, faces=10, face_s=0.01)
    load.run(30)
    before = len(load.took)
    load.free_at += [load.now] * 3
    load.run(40)
    middle = len(load.took)
    load.run(50)
    assert len(load.took) - middle > 3 * before / 30 * 10


def test_one_hiccup_is_no_overload():
    now = 0.0
    limit = AdaptiveLimit(TARGET_S, lambda: now)
    for took in (*[0.03] * 50, 1.0, *[0.03] * 50):
        with limit.permit(1) as leave:
            now += took
            leave.telling = True
        assert limit.limit >= 64


def test_failures_tell_nothing_of_the_capacity():
    now = 0.0
    limit = AdaptiveLimit(TARGET_S, lambda: now)
    for _ in range(50):
        with limit.permit(1):
            now += 5.0
    assert limit.limit == AdaptiveLimit(TARGET_S).limit and limit.faces == 0


def test_a_frame_alone_is_let_in_whatever_its_faces():
    now = 0.0
    limit = AdaptiveLimit(TARGET_S, lambda: now)
    for _ in range(30):
        assert limit.lets_in("somebody", 1)
        with limit.permit(1) as leave:
            limit.found(leave, 49)
            assert limit.faces == 49
            now += 3.0
            leave.telling = True
    assert limit.faces == 0 and limit.limit < 49
