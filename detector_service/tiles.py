"""Tiles of a stream's frame, and which of them to visit in a frame."""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_service.looks import Frame, Square

#: The smallest face that a detector notices at all, in sides of its look.
NOTICED = 1 / 12
#: All tiles are visited once in this time, which bounds how long a new face stays unseen.
TURN_S = 0.9
#: The changing part of a tile's area at which it is visited at once: somebody came, or everything moved.
CHANGED = 0.25
#: A tile that keeps changing is visited this often, so that a camera in motion does not cost every tile in every frame.
_AGAIN_S = 0.2
#: A tile of which no block has changed by more gray levels since it was visited is left out of its turn, for so long.
_SAME, _SAME_S = 5, 3.0
#: Neighbouring tiles share this part of their side, so that a face that both would cut is whole in one.
_SHARED = 0.25
#: Tiles of the next level are larger by this: a face larger than what tiles share is small enough there.
_LEVEL = 2.5
#: A frame is searched in tiles no smaller than this part of its longer side, however large it is.
_FINEST = 1 / 5.5
#: Difference of gray levels at which a block of the frame has changed, and the longer side of the frame in blocks.
_LEVELS, _BLOCKS = 14, 32


def tiles(width: int, height: int, smallest: float) -> list[Square]:
    """Squares in which every face of at least ``smallest`` pixels can be noticed; the whole frame comes first."""
    whole = max(width, height)
    found = [Square(0, 0, whole)]
    side = max(smallest / NOTICED, whole * _FINEST)
    while side < whole:
        level = round(side)
        found += [Square(x, y, level) for y in _along(height, level) for x in _along(width, level)]
        side *= _LEVEL
    return found


def _along(length: int, side: int) -> list[int]:
    """Where tiles start along an edge of the frame."""
    if side >= length:
        return [0]
    n = math.ceil((length - side * _SHARED) / (side * (1 - _SHARED)))
    return [round(i * (length - side) / (n - 1)) for i in range(n)]


class Tiles:
    """The tiles of a stream: visited in turn, at once where the picture changes, and seldom where it stays the same."""

    def __init__(self, smallest: float) -> None:
        self._smallest = smallest
        self._size = (0, 0)
        self._tiles: list[Square] = []
        self._next, self._owed, self._at, self._begins = 0, 0.0, float("-inf"), True
        self._blocks = np.zeros((0, 0), np.float32)
        self._changed = np.zeros((0, 0), np.bool_)
        self._waits: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._hurried: NDArray[np.float64] = np.zeros(0)
        self._visited: list[tuple[float, NDArray[np.float32]]] = []

    def see(self, frame: Frame) -> None:
        """Compare the next frame with the last one; told before what is asked about it."""
        blocks, before = _blocks(frame), self._blocks
        self._blocks = blocks
        if (frame.width, frame.height) != self._size:
            self._begin(frame)
            return
        difference = blocks - before
        # A camera that adapts to the light changes all blocks alike.
        self._changed = np.abs(difference - np.median(difference)) > _LEVELS

    def due(self, at: float, cut: bool = False) -> list[Square]:
        """The tiles to visit in the frame of time ``at``, in seconds; all in a first, late, or resized frame.

        Those that changed are visited at once after a ``cut``, and else no more in a frame than keep up with changes
        everywhere, so that a camera in motion makes no frame wait for all of them.
        """
        past, self._at = at - self._at, at
        n = len(self._tiles)
        if self._begins:
            self._begins = False
            return self._visit(range(n), at)
        self._owed += n * min(past / TURN_S, 1.0)
        visits = min(int(self._owed), n)
        self._owed -= visits
        turn = {(self._next + i) % n for i in range(visits)}
        self._next = (self._next + visits) % n
        if self._changed.any():
            self._waits |= [self.change(tile) > CHANGED for tile in self._tiles]
        hurried = np.flatnonzero(self._waits & (at - self._hurried >= _AGAIN_S))
        if not cut:
            longest = np.argsort(self._hurried[hurried], kind="stable")
            hurried = hurried[longest[: math.ceil(n * min(past / _AGAIN_S, 1.0))]]
        self._hurried[hurried] = at
        self._waits[hurried] = False
        turn = {i for i in turn if not self._same(i, at)}
        return self._visit(sorted(turn.union(hurried.tolist())), at)

    def change(self, square: Square) -> float:
        """The part of a square's area that is not as it was in the last frame."""
        area = self._changed[self._place(square)]
        return float(area.mean()) if area.size else 0.0

    def _place(self, square: Square) -> tuple[slice, slice]:
        """Where the square lies among the blocks: rows and columns."""
        scale = _BLOCKS / max(self._size)
        x, y = (max(math.floor(start * scale), 0) for start in (square.x, square.y))
        right, below = (math.ceil((start + square.side) * scale) for start in (square.x, square.y))
        return slice(y, below), slice(x, right)

    def _visit(self, numbers: Iterable[int], at: float) -> list[Square]:
        """The tiles, which from now on have been seen as they are."""
        chosen = list(numbers)
        for i in chosen:
            self._visited[i] = (at, self._blocks[self._place(self._tiles[i])])
        return [self._tiles[i] for i in chosen]

    def _same(self, number: int, at: float) -> bool:
        """Whether a tile shows what it showed when it was visited, not long ago."""
        visited, then = self._visited[number]
        difference = self._blocks[self._place(self._tiles[number])] - then
        return at - visited < _SAME_S and float(np.abs(difference - np.median(difference)).max(initial=0)) <= _SAME

    def _begin(self, frame: Frame) -> None:
        self._size = (frame.width, frame.height)
        self._tiles = tiles(frame.width, frame.height, self._smallest)
        self._next, self._owed, self._begins = 0, 0.0, True
        self._changed = np.ones(self._blocks.shape, np.bool_)
        self._waits = np.zeros(len(self._tiles), np.bool_)
        self._hurried = np.full(len(self._tiles), -np.inf)
        self._visited = [(-np.inf, np.zeros((0, 0), np.float32))] * len(self._tiles)


def _blocks(frame: Frame) -> NDArray[np.float32]:
    """The frame in blocks of gray, so coarse that noise and small movements vanish."""
    longer = max(frame.width, frame.height)
    size = (max(round(frame.width * _BLOCKS / longer), 1), max(round(frame.height * _BLOCKS / longer), 1))
    coarse = frame.halved(max(math.floor(math.log2(longer / _BLOCKS)) - 2, 0))
    gray = cv2.cvtColor(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return np.asarray(gray, np.float32)
