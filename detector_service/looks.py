"""What is shown to a detector: squares of the frame, one filling the look or several side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_service.detectors import Detector
from moodstream.types import Face

#: The smallest face that a detector notices at all, in sides of its look.
NOTICED = 1 / 12
#: Neighbouring tiles share this part of their side, so that a face that both would cut is whole in one.
_SHARED = 0.25
#: Tiles of the next level are larger by this: a face larger than what tiles share is small enough there.
_LEVEL = 2.5
#: A frame is searched in tiles no smaller than this part of its longer side, however large it is.
_FINEST = 1 / 5.5


@dataclass(frozen=True, slots=True)
class Square:
    """A square of the frame, in its pixels; it may reach over the border."""

    x: int
    y: int
    side: int

    @classmethod
    def around(cls, face: Face, factor: float) -> Square:
        """The square around a face whose side is ``factor`` times the box's."""
        x, y, w, h = face.box
        side = max(round(max(w, h) * factor), 2)
        return cls(round(x + w / 2 - side / 2), round(y + h / 2 - side / 2), side)


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


def look(detector: Detector, image: NDArray[np.uint8], squares: Sequence[Square], columns: int) -> list[list[Face]]:
    """The faces that the detector sees in each square, in pixels of the frame.

    The squares are shown ``columns`` x ``columns`` at a time, which costs one inference however many they are.
    """
    found: list[list[Face]] = []
    cell = detector.side // columns
    for start in range(0, len(squares), columns * columns):
        shown = squares[start : start + columns * columns]
        picture = np.zeros((detector.side, detector.side, 3), np.uint8)
        for place, square in enumerate(shown):
            top, left = place // columns * cell, place % columns * cell
            _show(image, square, picture[top : top + cell, left : left + cell])
        seen: list[list[Face]] = [[] for _ in shown]
        for face in detector.look(picture):
            x, y, w, h = face.box
            column, row = math.floor((x + w / 2) / cell), math.floor((y + h / 2) / cell)
            place = row * columns + column
            # What is larger than its square was put together from several.
            if 0 <= column < columns and 0 <= place < len(shown) and (columns == 1 or max(w, h) <= cell):
                seen[place].append(_in_frame(face, shown[place], row * cell, column * cell, shown[place].side / cell))
        found += seen
    return found


def _along(length: int, side: int) -> list[int]:
    """Where tiles start along an edge of the frame."""
    if side >= length:
        return [0]
    n = math.ceil((length - side * _SHARED) / (side * (1 - _SHARED)))
    return [round(i * (length - side) / (n - 1)) for i in range(n)]


def _show(image: NDArray[np.uint8], square: Square, cell: NDArray[np.uint8]) -> None:
    """Scale the square into its cell, which is black; what lies outside the frame stays so."""
    height, width = image.shape[:2]
    x0, y0 = max(square.x, 0), max(square.y, 0)
    x1, y1 = min(square.x + square.side, width), min(square.y + square.side, height)
    if x0 >= x1 or y0 >= y1:
        return
    scale = cell.shape[0] / square.side
    left, right = (round((x - square.x) * scale) for x in (x0, x1))
    top, bottom = (round((y - square.y) * scale) for y in (y0, y1))
    if left < right and top < bottom:
        part: cv2.typing.MatLike = image[y0:y1, x0:x1]
        # Halving by averages, then sampling: nearly as good as averaging at once, and five times as fast.
        while part.shape[1] > 2 * (right - left) and min(part.shape[:2]) > 1:
            part = cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)
        cell[top:bottom, left:right] = cv2.resize(part, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)


def _in_frame(face: Face, square: Square, top: int, left: int, scale: float) -> Face:
    x, y, w, h = face.box
    return replace(
        face,
        box=(square.x + (x - left) * scale, square.y + (y - top) * scale, w * scale, h * scale),
        keypoints=face.keypoints
        and tuple((square.x + (px - left) * scale, square.y + (py - top) * scale) for px, py in face.keypoints),
    )
