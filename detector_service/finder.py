"""Where to look for faces in the frames of one stream, so that all are found and none costs more than it must.

Tiles of the frame are searched for anything like a face; what they show is looked at again close up, many at a time,
and only what stands that is a face. In the next frames a known face needs only its close-up, and the tiles are visited
in turn.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_service.boxes import overlap, without_doubles
from detector_service.detectors import Detector
from detector_service.looks import Square, look, tiles
from moodstream.types import Face

#: All tiles are visited once in this time, which bounds how long a new face stays unseen.
TURN_S = 0.7
#: A face that was sure within this time is believed at a lower score, and looked for where it was last seen.
MEMORY_S = 1.0
#: Score at which such a face is still believed, in parts of what a new one needs.
BELIEVED = 0.6
#: Side of a close-up in sides of the face's box: room for it to move between two frames, and for a rough first box.
CLOSE_UP = 1.75
#: The changing part of a tile's area at which it is visited at once: somebody came, or everything moved.
CHANGED = 0.25
#: Difference of gray levels at which a block of the frame has changed, and the longer side of the frame in blocks.
_LEVELS, _BLOCKS = 14, 32


@dataclass(slots=True)
class _Known:
    """A face of the last frames: as seen last, its movement in pixels a second, when seen and when last sure."""

    face: Face
    velocity: tuple[float, float]
    seen: float
    sure: float

    def expected(self, at: float) -> Face:
        ahead = min(max(at - self.seen, 0.0), 0.2)
        x, y, w, h = self.face.box
        return replace(self.face, box=(x + self.velocity[0] * ahead, y + self.velocity[1] * ahead, w, h))

    def update(self, face: Face, at: float, sure: bool) -> None:
        past = at - self.seen
        if 0 < past < 0.5:
            moved = (_middle(face)[0] - _middle(self.face)[0], _middle(face)[1] - _middle(self.face)[1])
            self.velocity = (
                0.5 * self.velocity[0] + 0.5 * moved[0] / past,
                0.5 * self.velocity[1] + 0.5 * moved[1] / past,
            )
        else:
            self.velocity = (0.0, 0.0)
        self.face, self.seen = face, at
        if sure:
            self.sure = at


class Finder:
    """What is known of one stream's picture from its last frames; a fresh one knows nothing and looks everywhere."""

    def __init__(self, min_face: int = 24) -> None:
        self._min_face = min_face
        # A frame given up by its deadline may still be at work in its thread when the next one begins.
        self._one_at_a_time = threading.Lock()
        self._shape: tuple[int, ...] = ()
        self._tiles: list[Square] = []
        self._next = 0
        self._owed = 0.0
        self._at = float("-inf")
        self._blocks: NDArray[np.int16] = np.zeros((0, 0), np.int16)
        self._known: list[_Known] = []

    def find(self, image: NDArray[np.uint8], detector: Detector, at: float | None = None) -> list[Face]:
        """The faces of the next frame, BGR uint8 (height, width, 3), the surest first; frames come in their order.

        ``at`` is the time of the frame in seconds, from any fixed moment; now if not given.
        """
        with self._one_at_a_time:
            return self._find(image, detector, time.monotonic() if at is None else at)

    def _find(self, image: NDArray[np.uint8], detector: Detector, at: float) -> list[Face]:
        due = self._due(image, at)
        self._known = [known for known in self._known if 0 <= at - known.sure <= MEMORY_S]
        expected = [known.expected(at) for known in self._known]
        proposed = [face for tile in look(detector, image, due, 1) for face in tile]
        candidates = expected + without_doubles(proposed, expected)
        seen = self._close_up(detector, image, candidates, columns(len(candidates)))
        for known, face in zip(self._known, seen, strict=False):
            if face is not None and face.score >= detector.min_score * BELIEVED:
                known.update(face, at, face.score >= detector.min_score)
        self._drop_doubles()
        shown = [known.face for known in self._known if known.seen == at]
        fresh = [f for f in seen[len(expected) :] if f is not None and f.score >= detector.min_score * BELIEVED]
        fresh = without_doubles(fresh, shown)
        # A new face must stand a second, closer look, from which it is also cut.
        for face in self._close_up(detector, image, fresh, min(columns(len(fresh)), 2)):
            if face is not None and face.score >= detector.min_score and max(face.box[2:]) >= self._min_face:
                self._known.append(_Known(face, (0.0, 0.0), at, at))
        self._drop_doubles()
        return sorted((k.face for k in self._known if k.seen == at), key=lambda face: -face.score)

    def _due(self, image: NDArray[np.uint8], at: float) -> list[Square]:
        """The tiles to visit in this frame: those whose turn it is, and those where much has changed."""
        past, self._at = at - self._at, at
        blocks, before = _blocks(image), self._blocks
        self._blocks = blocks
        if image.shape != self._shape or past > TURN_S or past < 0:
            self._shape, self._next, self._owed = image.shape, 0, 0.0
            self._tiles = tiles(image.shape[1], image.shape[0], self._min_face)
            return self._tiles
        n = len(self._tiles)
        self._owed += n * past / TURN_S if past else 1.0
        visits = min(int(self._owed), n)
        self._owed -= visits
        turn = {(self._next + i) % n for i in range(visits)}
        self._next = (self._next + visits) % n
        difference = blocks - before
        # A camera that adapts to the light changes all blocks alike.
        changed = np.abs(difference - np.median(difference)) > _LEVELS
        scale = max(image.shape[:2]) / _BLOCKS
        for i, tile in enumerate(self._tiles):
            x, y, end = round(tile.x / scale), round(tile.y / scale), round(tile.side / scale)
            if i not in turn and changed[y : y + end, x : x + end].mean() > CHANGED:
                turn.add(i)
        return [self._tiles[i] for i in sorted(turn)]

    def _close_up(
        self, detector: Detector, image: NDArray[np.uint8], faces: list[Face], wide: int
    ) -> list[Face | None]:
        """Each face looked at again; None where there is none."""
        squares = [Square.around(face, CLOSE_UP) for face in faces]
        found = look(detector, image, squares, wide)
        return [_best(face, near) for face, near in zip(faces, found, strict=True)]

    def _drop_doubles(self) -> None:
        """Two known faces that have become one: the longer known stays."""
        kept: list[_Known] = []
        for known in self._known:
            if not any(overlap(known.face.box, other.face.box) > 0.3 for other in kept):
                kept.append(known)
        self._known = kept


def columns(n: int) -> int:
    """How many close-ups a look shows side by side: the fewer faces, the closer they are looked at."""
    return 1 if n <= 1 else 2 if n <= 8 else 3


def _best(expected: Face, found: list[Face]) -> Face | None:
    """The surest face near the middle of a close-up and of about the expected size."""
    x, y = _middle(expected)
    side = max(expected.box[2:])
    near = [
        face
        for face in found
        if max(abs(_middle(face)[0] - x), abs(_middle(face)[1] - y)) < 0.6 * side
        and 0.4 < max(face.box[2:]) / side < 2.5
    ]
    return max(near, key=lambda face: face.score, default=None)


def _middle(face: Face) -> tuple[float, float]:
    x, y, w, h = face.box
    return x + w / 2, y + h / 2


def _blocks(image: NDArray[np.uint8]) -> NDArray[np.int16]:
    """The frame in blocks of gray, so coarse that noise and small movements vanish."""
    height, width = image.shape[:2]
    step = max(max(height, width) // (8 * _BLOCKS), 1)
    scale = _BLOCKS / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    coarse = np.ascontiguousarray(image[::step, ::step])
    return np.asarray(
        cv2.cvtColor(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY), np.int16
    )
