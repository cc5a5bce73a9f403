"""How many faces may be under way at a time, learnt from how fast they are answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Frames should be answered within this share of their deadline; the rest is for what varies.
TARGET_SHARE = 0.4
#: The limit in faces: never below one, never beyond what memory allows, and a class in each of a few streams at first.
_LEAST, _MOST, _AT_FIRST = 1.0, 4096.0, 128.0
#: Weight of a new measurement: a single hiccup is no overload.
_NEW = 0.3
#: The deepest cut at a time.
_DEEPEST = 0.5
#: A refused stream that does not come again within this time has lost its turn.
_TURN_S = 0.25


class Permit:
    """A frame's leave to be worked on."""

    def __init__(self, faces: float, began: float) -> None:
        self.faces, self.began = faces, began
        #: Whether its time tells of the capacity: it was answered, or was not in time.
        self.telling = False


class AdaptiveLimit:
    """Additive increase and multiplicative decrease, as on networks, whose capacity nobody knows either.

    The length of a list would count a message of one face like one of fifty, and knows nothing of how fast workers are.
    The time that frames take tells of all that lies behind, from this process's threads to the slowest worker.

    Args:
        target_s: how long a frame may take.
        clock: seconds from any fixed moment.
    """

    def __init__(self, target_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.faces, self.limit = 0.0, _AT_FIRST
        self._target_s, self._clock = target_s, clock
        self._usual_s = 0.0
        self._cut_at = float("-inf")
        self._never_cut = True
        #: Who was refused: for the first time since they were let in, and for the last time.
        self._refused: dict[object, tuple[float, float]] = {}

    def lets_in(self, who: object, guess: float) -> bool:
        """Whether a frame of ``who``, with a ``guess`` of its faces, is let in; those refused longest come first.

        A stream that was just answered has its next frame ready, and would otherwise always be the first at the door. A
        frame alone is let in however many faces it has: it measures the capacity.
        """
        now = self._clock()
        self._refused = {one: (first, last) for one, (first, last) in self._refused.items() if now - last < _TURN_S}
        mine, _ = self._refused.get(who, (now, now))
        ahead = sum(first < mine for one, (first, _) in self._refused.items() if one is not who)
        if (self.faces <= 0 and not ahead) or self.faces + ahead * guess < self.limit:
            self._refused.pop(who, None)
            return True
        self._refused[who] = (mine, now)
        return False

    @contextmanager
    def permit(self, guess: float) -> Iterator[Permit]:
        """Let a frame in with a ``guess`` of its faces, at least one; mark it as telling if it is."""
        leave = Permit(guess, self._clock())
        self.faces += guess
        in_use = self.faces
        try:
            yield leave
        finally:
            self.faces -= leave.faces
            if leave.telling:
                self._learn(leave, max(in_use, leave.faces))

    def found(self, leave: Permit, faces: float) -> None:
        """The frame's faces are no guess any more."""
        self.faces += faces - leave.faces
        leave.faces = faces

    def _learn(self, leave: Permit, in_use: float) -> None:
        if leave.began < self._cut_at:
            return  # it tells of the time before the cut
        took_s = self._clock() - leave.began
        self._usual_s += _NEW * (took_s - self._usual_s)
        if self._usual_s > self._target_s:
            self._cut_at, self._never_cut = self._clock(), False
            cut = max(self._target_s / self._usual_s, _DEEPEST)
            self.limit = max(min(self.limit, in_use) * cut, _LEAST)
            self._usual_s = self._target_s * _DEEPEST
        elif took_s <= self._target_s and in_use >= self.limit / 2:
            # As fast as answers come until the first cut, later about one frame more for each limit's worth of frames.
            step = leave.faces * (1.0 if self._never_cut else min(leave.faces / self.limit, 1.0))
            self.limit = min(self.limit + step, _MOST)
