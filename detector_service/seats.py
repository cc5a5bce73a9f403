"""Which face of this frame is which of the frames before: a number that holds while the face stays.

A face is told by where it is and by what its crop looks like, compared with crops of the last seconds only. Nothing is
kept that could tell a person again who was away for longer.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import lap
import numpy as np
from numpy.typing import NDArray

from detector_service.boxes import Box
from detector_service.likeness import Likeness, correlation, likeness, turned_correlation

#: A seat is held for so long after its face was last found: two seconds of hiding and what it takes to be found again.
HOLD_S = 2.5
#: How far a face may have moved, in its own sizes: at once, more for each second unseen, and at most.
_REACH, _REACH_A_SECOND, _FARTHEST = 0.5, 1.0, 1.5
#: A face that is this much larger or smaller is another one.
_GROWTH = 2.0
#: Correlation of two looks above which they are one face's: from frame to frame, and after a second or more unseen.
_SAME, _SAME_LATER = 0.6, 0.45
#: A detector may frame the same face larger, smaller or rolled in the next frame. The last look is compared as the new
#: box would show it, and rolled, too; these must be more alike by this.
_TURNED = 0.1
#: Two seats of one face, should it ever get a second one, must not take turns: that of the last frame is preferred.
_HIDDEN = 0.5
#: A seat remembers how its face looked now and then, since a hidden face comes back turned.
_VIEWS, _VIEW_EVERY_S = 3, 1.0
#: A resumed seat has no look yet, so its face must be where it was; after a longer break nothing is resumed.
_RESUMED_REACH, _RESUME_WITHIN_S = 0.5, 10.0


@dataclass(slots=True)
class _Seat:
    number: int
    box: Box
    seen_s: float
    until_s: float
    look: Likeness | None = None  # None: resumed, and not seen here yet
    views: deque[Likeness] = field(default_factory=lambda: deque(maxlen=_VIEWS))
    viewed_s: float = float("-inf")

    def similarity(self, box: Box, look: Likeness, enough: float) -> float:
        """How alike the looks are, -1 to 1: the last one, and if that is not ``enough``, it turned, or earlier ones."""
        if self.look is None:
            return 0.0
        best = correlation(self.look, look)
        if best < enough:
            best = max(best, turned_correlation(self.look, self.box, look, box) - _TURNED)
        for view in self.views:
            if best >= enough:
                break
            best = max(best, correlation(view, look))
        return best

    def see(self, box: Box, look: Likeness, now_s: float) -> None:
        self.box, self.look, self.seen_s, self.until_s = box, look, now_s, now_s + HOLD_S
        if now_s - self.viewed_s >= _VIEW_EVERY_S:
            self.views.append(look)
            self.viewed_s = now_s


class Seats:
    """The seats of one stream. Times are seconds on the stream's own clock."""

    def __init__(self) -> None:
        self._seats: list[_Seat] = []
        self._size: tuple[int, int] | None = None
        # Not predictable from one stream to another, so that numbers cannot be taken for people.
        self._random = random.SystemRandom()

    def __len__(self) -> int:
        return len(self._seats)

    def assign(self, boxes: Sequence[Box], crops: NDArray[np.uint8], size: tuple[int, int], now_s: float) -> list[int]:
        """The seat number of each face of a frame.

        Args:
            boxes: n boxes (x, y, width, height) in pixels.
            crops: uint8 (n, 48, 48), what is in them.
            size: width and height of the frame.
            now_s: when it was taken.
        """
        self._scale_to(size)
        self._seats = [seat for seat in self._seats if now_s <= seat.until_s]
        looks = [likeness(crop) for crop in crops]
        found = self._match(boxes, looks, now_s)
        numbers = []
        for face, (box, look) in enumerate(zip(boxes, looks, strict=True)):
            if face in found:
                seat = found[face]
            else:
                seat = _Seat(self._new_number(), box, now_s, now_s)
                self._seats.append(seat)
            seat.see(box, look, now_s)
            numbers.append(seat.number)
        return numbers

    def resume(self, faces: Iterable[tuple[int, Box]], size: tuple[int, int], now_s: float) -> None:
        """Go on with seats that another replica gave, last seen at ``now_s``."""
        self._size = size
        self._seats = [_Seat(number, box, now_s, now_s + _RESUME_WITHIN_S) for number, box in dict(faces).items()]

    def held(self) -> list[int]:
        """Numbers that may come again."""
        return [seat.number for seat in self._seats]

    def seen_since(self, since_s: float) -> list[int]:
        """Numbers of the faces seen at ``since_s`` or later, without those in whose place another face is now."""
        newest = max((seat.seen_s for seat in self._seats), default=0.0)
        visible = [seat for seat in self._seats if seat.seen_s == newest]
        return [
            seat.number
            for seat in self._seats
            if seat.seen_s >= since_s
            and (seat.seen_s == newest or not any(_distance(seat.box, other.box) < _REACH for other in visible))
        ]

    def _match(self, boxes: Sequence[Box], looks: Sequence[Likeness], now_s: float) -> dict[int, _Seat]:
        """The best assignment of faces (by index) to seats, over the pairs that are near and alike enough."""
        if not boxes or not self._seats:
            return {}
        never = 4.0  # a pair that is allowed costs less
        newest = max(seat.seen_s for seat in self._seats)
        cost = np.full((len(boxes), len(self._seats)), never)
        for i, j in self._near(np.asarray(boxes, float), now_s):
            seat = self._seats[j]
            unseen = now_s - seat.seen_s
            distance = _distance(boxes[i], seat.box)
            if seat.look is None:
                if distance <= _RESUMED_REACH:
                    cost[i, j] = distance
                continue
            enough = _SAME - (_SAME - _SAME_LATER) * min(unseen, 1.0)
            similarity = seat.similarity(boxes[i], looks[i], enough)
            if similarity >= enough:
                cost[i, j] = 0.3 * distance + (1 - similarity) + 0.1 * min(unseen, HOLD_S)
                cost[i, j] += 0.0 if seat.seen_s == newest else _HIDDEN
        _, rows, columns = lap.lapjvx(cost, extend_cost=True)
        return {int(i): self._seats[j] for i, j in zip(rows, columns, strict=True) if cost[i, j] < never}

    def _near(self, boxes: NDArray[np.float64], now_s: float) -> list[tuple[int, int]]:
        """Pairs of face and seat that position and size allow."""
        seats = np.asarray([seat.box for seat in self._seats], float)
        reach = [min(_REACH + _REACH_A_SECOND * (now_s - seat.seen_s), _FARTHEST) for seat in self._seats]
        middles, seat_middles = boxes[:, :2] + boxes[:, 2:] / 2, seats[:, :2] + seats[:, 2:] / 2
        sides, seat_sides = boxes[:, 2:].max(1), seats[:, 2:].max(1)
        apart = np.linalg.norm(middles[:, None] - seat_middles[None], axis=2)
        larger = np.maximum(sides[:, None], seat_sides[None])
        growth = larger / np.maximum(np.minimum(sides[:, None], seat_sides[None]), 1e-6)
        return [(int(i), int(j)) for i, j in np.argwhere((apart <= larger * np.asarray(reach)) & (growth <= _GROWTH))]

    def _scale_to(self, size: tuple[int, int]) -> None:
        """A client may change the size of its pictures at any time."""
        if self._size is not None and self._size != size:
            x, y = size[0] / self._size[0], size[1] / self._size[1]
            for seat in self._seats:
                left, top, width, height = seat.box
                seat.box = (left * x, top * y, width * x, height * y)
        self._size = size

    def _new_number(self) -> int:
        taken = {seat.number for seat in self._seats}
        while (number := self._random.randrange(100_000, 1_000_000)) in taken:
            pass
        return number


def _distance(one: Box, other: Box) -> float:
    """Between the middles of two boxes, in sides of the larger."""
    x = one[0] + one[2] / 2 - other[0] - other[2] / 2
    y = one[1] + one[3] / 2 - other[1] - other[3] / 2
    return float(np.hypot(x, y)) / max(*one[2:], *other[2:], 1e-6)
