"""What is shown to a detector: squares of the frame, one filling the look or several side by side."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_service.detectors import Detector
from moodstream.types import Face

#: The six key points as they are called in a mirror: the eyes and the ears change places.
_MIRRORED = (1, 0, 2, 3, 5, 4)


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


class Frame:
    """A BGR uint8 picture (height, width, 3) and its halvings, each made when first needed.

    To average once and sample then is nearly as good as to average each square by itself, and much faster.
    """

    def __init__(self, image: NDArray[np.uint8]) -> None:
        self.height, self.width = image.shape[:2]
        self._levels: list[cv2.typing.MatLike] = [image]

    @functools.cached_property
    def gray(self) -> NDArray[np.uint8]:
        """The picture without colours, uint8 (height, width)."""
        return np.asarray(cv2.cvtColor(self._levels[0], cv2.COLOR_BGR2GRAY), np.uint8)

    def halved(self, times: int) -> cv2.typing.MatLike:
        """The picture at 1/2**times of its size, or as small as it can be halved."""
        while len(self._levels) <= times and min(self._levels[-1].shape[:2]) > 1:
            last = self._levels[-1]
            size = (last.shape[1] // 2, last.shape[0] // 2)
            even = last[: 2 * size[1], : 2 * size[0]]
            self._levels.append(cv2.resize(even, size, interpolation=cv2.INTER_AREA))
        return self._levels[min(times, len(self._levels) - 1)]

    def show(self, square: Square, cell: NDArray[np.uint8]) -> None:
        """Scale the square into a cell (side, side, 3), which is black; what lies outside the frame stays so."""
        times = max(math.floor(math.log2(square.side / cell.shape[0])), 0)
        part = self.halved(times)
        scale = part.shape[1] / self.width
        x0, y0 = round(max(square.x, 0) * scale), round(max(square.y, 0) * scale)
        x1 = min(round((square.x + square.side) * scale), part.shape[1])
        y1 = min(round((square.y + square.side) * scale), part.shape[0])
        zoom = cell.shape[0] / (square.side * scale)
        left, right = (round((x - square.x * scale) * zoom) for x in (x0, x1))
        top, bottom = (round((y - square.y * scale) * zoom) for y in (y0, y1))
        if x0 < x1 and y0 < y1 and left < right and top < bottom:
            size = (right - left, bottom - top)
            cell[top:bottom, left:right] = cv2.resize(part[y0:y1, x0:x1], size, interpolation=cv2.INTER_LINEAR)


def look(
    detector: Detector, frame: Frame, squares: Sequence[Square], columns: int = 1, mirrored: bool = False
) -> list[list[Face]]:
    """The faces that the detector sees in each square, in pixels of the frame.

    The squares are shown ``columns`` x ``columns`` at a time, which costs one inference however many they are; if
    ``mirrored``, the detector sees left and right exchanged.
    """
    found: list[list[Face]] = []
    cell = detector.side // columns
    for start in range(0, len(squares), columns * columns):
        shown = squares[start : start + columns * columns]
        picture = np.zeros((detector.side, detector.side, 3), np.uint8)
        for place, square in enumerate(shown):
            top, left = place // columns * cell, place % columns * cell
            frame.show(square, picture[top : top + cell, left : left + cell])
        seen: list[list[Face]] = [[] for _ in shown]
        for face in _mirrored_look(detector, picture) if mirrored else detector.look(picture):
            x, y, w, h = face.box
            column, row = math.floor((x + w / 2) / cell), math.floor((y + h / 2) / cell)
            place = row * columns + column
            # What is larger than its square was put together from several.
            if 0 <= column < columns and 0 <= place < len(shown) and (columns == 1 or max(w, h) <= cell):
                scale = shown[place].side / cell
                corner = (shown[place].x - column * cell * scale, shown[place].y - row * cell * scale)
                seen[place].append(_moved(face, corner, scale))
        found += seen
    return found


def _mirrored_look(detector: Detector, picture: NDArray[np.uint8]) -> list[Face]:
    faces = detector.look(np.ascontiguousarray(picture[:, ::-1]))
    return [_mirrored(face, picture.shape[1]) for face in faces]


def _mirrored(face: Face, width: int) -> Face:
    x, y, w, h = face.box
    points = face.keypoints and tuple((width - face.keypoints[i][0], face.keypoints[i][1]) for i in _MIRRORED)
    return replace(face, box=(width - x - w, y, w, h), keypoints=points)


def _moved(face: Face, corner: tuple[float, float], scale: float) -> Face:
    """A face seen in a look, in pixels of the frame where the look's corner is."""
    x, y, w, h = face.box
    points = face.keypoints and tuple((corner[0] + px * scale, corner[1] + py * scale) for px, py in face.keypoints)
    return replace(face, box=(corner[0] + x * scale, corner[1] + y * scale, w * scale, h * scale), keypoints=points)
