"""Finds every face in the frames of one stream, and pays for each frame only what it must.

Tiles of the frame are searched for anything like a face, and what they show is examined. From then on a close-up of
each face is enough, and the tiles are visited in turn.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector_service.boxes import SAME, overlaps, without_doubles
from detector_service.crop import crop
from detector_service.detectors import Detector
from detector_service.examine import close_up, examine, middle
from detector_service.likeness import Likeness, correlation, likeness, turned_correlation
from detector_service.looks import Frame, Square, look
from detector_service.tiles import CHANGED, Tiles
from moodstream.types import Face

#: Side of the smallest box that is taken for a face, in pixels.
SMALLEST = 24
#: A face that was sure within this time is believed at a lower score, and looked for where it was last seen.
MEMORY_S = 1.0
#: Score at which such a face is still believed, in parts of what a new one needs.
BELIEVED = 0.6
#: A face that is not sure for so long is examined like a new one; for twice as long after each time that it stood this,
#: up to a bound, so that one that is never shown clearly does not cost a dozen looks every half second.
DOUBT_S, DOUBT_MOST_S = 0.5, 2.0
#: A face that moves slowly keeps its box for so long without a look; slowly is so many of its sides a second.
REST_S, SLOWLY = 0.35, 0.6
#: What was examined and is no face is not examined again for so long, and for twice as long after each further time, up
#: to a bound, unless it looks different: where the picture moves it is known by its likeness.
REJECTED_S, REJECTED_MOST_S = 0.5, 6.0
#: It is forgotten if nothing like it is proposed for so long after that.
_REMEMBERED_S = 3.0
#: It is no farther than so many of its sides from where it was, no larger or smaller than so many times, and its
#: correlation is at least this, and by so much more if that takes reframing.
_AWAY, _GROWN, _ALIKE, _TURNED = 2.0, 1.6, 0.7, 0.1
_STEP_S = 1 / 30
#: No more proposals are examined in one frame: after a cut, and else, where the others wait for the next frames.
_MOST, _MOST_STEADY = 100, 2


@dataclass(slots=True, eq=False)
class _Known:
    """A face of the last frames: as looked at last, its movement in pixels a second, when seen and when last sure."""

    face: Face
    seen: float
    sure: float
    velocity: tuple[float, float] = (0.0, 0.0)
    #: How long it is believed without being sure.
    trusted_s: float = DOUBT_S
    #: It was examined since it was last sure, and failed.
    doubted: bool = False

    def expected(self, at: float) -> Face:
        ahead = min(max(at - self.seen, 0.0), 0.2)
        return _shifted(self.face, self.velocity[0] * ahead, self.velocity[1] * ahead)

    def rests(self, at: float) -> bool:
        """Whether it was looked at just now and moves slowly."""
        slowly = max(abs(self.velocity[0]), abs(self.velocity[1])) < SLOWLY * max(self.face.box[2:])
        return slowly and at - self.seen < REST_S

    def update(self, face: Face, at: float, sure: bool) -> None:
        past = at - self.seen
        if 0 < past < 0.5:
            (x, y), (old_x, old_y) = middle(face), middle(self.face)
            moved = ((x - old_x) / past, (y - old_y) / past)
            self.velocity = ((self.velocity[0] + moved[0]) / 2, (self.velocity[1] + moved[1]) / 2)
        else:
            self.velocity = (0.0, 0.0)
        self.face, self.seen = face, at
        if sure:
            self.sure, self.doubted = at, False


@dataclass(slots=True)
class _Rejected:
    """What was examined and is no face: where it was last and how it looked, when, and how long it is left alone."""

    face: Face
    likeness: Likeness
    since: float
    rests_s: float = REJECTED_S

    def alike(self, face: Face, shown: Likeness) -> float:
        """How much what is proposed now looks like it, -1 to 1; 0 if it lies elsewhere."""
        (x, y), (old_x, old_y) = middle(face), middle(self.face)
        side, old = max(face.box[2:]), max(self.face.box[2:])
        if max(abs(x - old_x), abs(y - old_y)) > _AWAY * old or not 1 / _GROWN <= side / old <= _GROWN:
            return 0.0
        reframed = turned_correlation(self.likeness, self.face.box, shown, face.box) - _TURNED
        return max(correlation(self.likeness, shown), reframed)


class Finder:
    """What is known of one stream's picture from its last frames; a fresh one knows nothing and looks everywhere."""

    def __init__(self, smallest: int = SMALLEST) -> None:
        self._smallest = smallest
        # A frame given up by its deadline may still be at work in its thread when the next one begins.
        self._one_at_a_time = threading.Lock()
        self._tiles = Tiles(smallest)
        self._known: list[_Known] = []
        self._rejected: list[_Rejected] = []
        self._waiting: list[Face] = []
        self._now = self._stamp = self._last = 0.0

    def find(self, image: NDArray[np.uint8], detector: Detector, at: float | None = None) -> list[Face]:
        """The faces of the next frame, BGR uint8 (height, width, 3), the surest first; frames come in their order.

        ``at`` is the time of the frame in seconds, from any fixed moment; now if not given. If it does not advance, the
        frame counts as the next of an ordinary camera.
        """
        with self._one_at_a_time:
            stamp = time.monotonic() if at is None else at
            self._now += stamp - self._stamp if stamp > self._stamp else _STEP_S
            self._stamp = stamp
            return self._find(Frame(image), detector, self._now)

    def _find(self, frame: Frame, detector: Detector, at: float) -> list[Face]:
        self._tiles.see(frame)
        # Nobody is forgotten for a pause between two frames: a slow stream would begin anew with each, and be slower.
        self._known = [k for k in self._known if self._last - k.sure <= k.trusted_s + MEMORY_S - DOUBT_S]
        self._last = at
        shown, wanted, early = self._turns(at)
        looked_at = wanted + early
        near = close_up(detector, frame, [known.expected(at) for known in looked_at], columns(len(looked_at)))
        for known, face in zip(looked_at, near, strict=True):
            if face is not None and face.score >= detector.min_score * BELIEVED:
                known.update(face, at, face.score >= detector.min_score)
                shown.append(known)
            elif known in early:  # it has its rest yet
                shown.append(known)
        cut = 2 * len(shown) <= len(self._known)
        doubtful = [known for known in shown if at - known.sure >= known.trusted_s and not known.doubted]
        sure = [known.face for known in shown if known not in doubtful]
        for known, face in zip(doubtful, examine(detector, frame, [k.face for k in doubtful], sure), strict=True):
            if face is None:
                known.doubted = True
            else:
                known.update(face, at, sure=True)
                known.trusted_s = min(2 * known.trusted_s, DOUBT_MOST_S)
        shown = [known for known in shown if not known.doubted]
        proposed = [face for tile in look(detector, frame, self._tiles.due(at, cut)) for face in tile]
        expected = [known.expected(at) for known in shown]
        found = self._new(detector, frame, proposed + self._waiting, expected, _MOST if cut else _MOST_STEADY)
        new = [_Known(face, at, at) for face in found]
        self._known += new
        return self._told(shown + new, expected + found)

    def _turns(self, at: float) -> tuple[list[_Known], list[_Known], list[_Known]]:
        """The faces that are told without a look, those whose turn it is, and those that fill up the last look."""
        resting: list[_Known] = []
        wanted: list[_Known] = []
        for known in self._known:
            (resting if self._rests(known, at) else wanted).append(known)
        spare = -len(wanted) % columns(len(wanted)) ** 2
        resting.sort(key=lambda known: known.seen)
        return resting[spare:], wanted, resting[:spare]

    def _new(self, detector: Detector, frame: Frame, proposed: list[Face], shown: list[Face], most: int) -> list[Face]:
        """Those of the proposed that are faces, besides the ones already ``shown``; ``most`` of them are examined."""
        self._rejected = [past for past in self._rejected if self._now - past.since <= past.rests_s + _REMEMBERED_S]
        proposed = without_doubles(proposed, shown, parts=True)
        likenesses = [likeness(crop(frame.gray, face, detector.framing)) for face in proposed]
        past = [self._past(face, its) for face, its in zip(proposed, likenesses, strict=True)]
        unknown = [i for i, seen in enumerate(past) if seen is None or self._now - seen.since > seen.rests_s]
        chosen, self._waiting = unknown[:most], [proposed[i] for i in unknown[most:_MOST]]
        examined = examine(detector, frame, [proposed[i] for i in chosen], shown)
        for i, found in zip(chosen, examined, strict=True):
            seen = past[i]
            if found is None and seen is None:
                self._rejected.append(_Rejected(proposed[i], likenesses[i], self._now))
            elif found is None and seen is not None:
                seen.likeness, seen.since = likenesses[i], self._now
                seen.rests_s = min(2 * seen.rests_s, REJECTED_MOST_S)
        faces = without_doubles([face for face in examined if face is not None], shown)
        return [face for face in faces if max(face.box[2:]) >= self._smallest]

    def _past(self, face: Face, shown: Likeness) -> _Rejected | None:
        """What was rejected and is seen again in this face."""
        alike, best = max(((past.alike(face, shown), i) for i, past in enumerate(self._rejected)), default=(0.0, 0))
        if alike < _ALIKE:
            return None
        seen = self._rejected[best]
        seen.face = face
        return seen

    def _rests(self, known: _Known, at: float) -> bool:
        """Whether the face can be told without a look."""
        return known.rests(at) and self._tiles.change(Square.around(known.face, 1)) <= CHANGED

    def _told(self, shown: list[_Known], faces: list[Face]) -> list[Face]:
        """The faces that are shown, the surest first; of two that have become one only the longer known stays."""
        boxes = [face.box for face in faces]
        double = np.tril(overlaps(boxes, boxes) > SAME, -1).sum(axis=1) > 0
        gone = {id(known) for known, drop in zip(shown, double, strict=True) if drop}
        self._known = [known for known in self._known if id(known) not in gone]
        return sorted((f for f, drop in zip(faces, double, strict=True) if not drop), key=lambda face: -face.score)


def columns(n: int) -> int:
    """How many close-ups a look shows side by side: the fewer faces, the closer they are looked at."""
    return 1 if n <= 1 else 2 if n <= 8 else 3


def _shifted(face: Face, right: float, down: float) -> Face:
    if not right and not down:
        return face
    x, y, w, h = face.box
    points = face.keypoints and tuple((px + right, py + down) for px, py in face.keypoints)
    return replace(face, box=(x + right, y + down, w, h), keypoints=points)
