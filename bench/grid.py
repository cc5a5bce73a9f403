"""A class in a call, as a picture whose faces are known: portraits in a grid, still or moving, drawn at any moment."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import cv2
import numpy as np

from bench.people import CANVAS, Box, Picture, Portrait

#: Pixels between two tiles.
GAP = 6


class Gallery:
    """Portraits in a grid of ``columns`` x ``columns`` tiles on a frame of ``size`` (width, height)."""

    def __init__(self, portraits: Sequence[Portrait], size: tuple[int, int], seed: int = 0) -> None:
        self.portraits, self.size = portraits, size
        self.columns = math.ceil(math.sqrt(len(portraits)))
        self._random = np.random.default_rng(seed)
        self._motions = [_Motion(self._random) for _ in portraits]
        self._noise = [self._random.normal(0, 3, (size[1], size[0], 1)).astype(np.int8) for _ in range(4)]
        tile = self.tile(0)
        area = (round(tile[2]), round(tile[3]))
        # Shrunk once by averaging, so that no frame shows the steps of a picture sampled too coarsely.
        self._scale = max(area[0] / CANVAS[0], area[1] / CANVAS[1])
        self._figures = [self._shrink(p.figure) for p in portraits]
        self._walls = [cv2.resize(p.wall, area, interpolation=cv2.INTER_AREA) for p in portraits]

    def tile(self, place: int) -> Box:
        """The tile at a place, counted along the rows."""
        rows = math.ceil(len(self.portraits) / self.columns)
        wide, high = self.size[0] / self.columns, self.size[1] / rows
        row, column = divmod(place, self.columns)
        return round(column * wide) + GAP / 2, round(row * high) + GAP / 2, int(wide) - GAP, int(high) - GAP

    def frame(
        self, t: float = 0.0, moving: bool = True, order: Sequence[int] | None = None, hidden: Collection[int] = ()
    ) -> tuple[Picture, list[Box | None]]:
        """The picture at ``t`` seconds, BGR uint8, and the face's box of each portrait, None for the ``hidden`` ones.

        ``order`` tells which portrait sits at each place. A portrait whose face is not known gives its whole tile.
        """
        image = np.full((self.size[1], self.size[0], 3), 32, np.uint8)
        boxes: list[Box | None] = [None] * len(self.portraits)
        for place, who in enumerate(order or range(len(self.portraits))):
            x, y, wide, high = self.tile(place)
            left, top = int(x), int(y)
            tile = image[top : top + int(high), left : left + int(wide)]
            if who in hidden:
                tile[:] = (48, 44, 40)
            else:
                box = self._draw(tile, who, self._motions[who].at(t) if moving else (0.0, 0.0, 0.0, 1.0))
                boxes[who] = (left + box[0], top + box[1], box[2], box[3])
            cv2.putText(
                tile, f"Guest {who + 1}", (5, int(high) - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (240, 240, 240), 1, 16
            )
        if moving:
            noise = self._noise[int(t * 30) % len(self._noise)]
            image = np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        return image, boxes

    def _shrink(self, figure: Picture) -> Picture:
        size = (round(CANVAS[0] * self._scale), round(CANVAS[1] * self._scale))
        return np.asarray(cv2.resize(figure, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _draw(self, tile: Picture, who: int, pose: tuple[float, float, float, float]) -> Box:
        """Draw a person on a tile; the face's box there."""
        portrait, figure = self.portraits[who], self._figures[who]
        high, wide = tile.shape[:2]
        dx, dy, roll, scale = pose
        middle = (figure.shape[1] / 2, figure.shape[0] / 2)
        turn = cv2.getRotationMatrix2D(middle, roll, scale)
        turn[:, 2] += (wide / 2 - middle[0] + dx * high, high / 2 - middle[1] + dy * high)
        border = cv2.BORDER_REPLICATE if portrait.face is not None else cv2.BORDER_REFLECT_101
        warped = cv2.warpAffine(figure, turn, (wide, high), flags=cv2.INTER_LINEAR, borderMode=border)
        alpha = warped[..., 3:].astype(np.float32) / 255
        tile[:] = self._walls[who] * (1 - alpha) + warped[..., :3] * alpha
        if portrait.face is None:
            return 0.0, 0.0, float(wide), float(high)
        x, y, w, h = portrait.face
        centre = turn @ ((x + w / 2) * self._scale, (y + h / 2) * self._scale, 1.0)
        side = w * self._scale * scale
        return float(centre[0] - side / 2), float(centre[1] - side / 2), side, side


class _Motion:
    """How a person sways, leans and turns: slow swings, and every few seconds a move to another place in the chair."""

    def __init__(self, random: np.random.Generator) -> None:
        self._swings = random.uniform((0.05, 0), (0.4, 2 * math.pi), (4, 2))
        self._every, self._start = random.uniform(4, 10), random.uniform(0, 10)
        self._rests = random.uniform((-0.16, -0.05), (0.16, 0.06), (64, 2))

    def at(self, t: float) -> tuple[float, float, float, float]:
        """Shift right and down in tile heights, roll in degrees, scale."""
        swing = [math.sin(2 * math.pi * hertz * t + phase) for hertz, phase in self._swings]
        number, into = divmod(t + self._start, self._every)
        eased = min(into / 0.6, 1.0)
        eased = eased * eased * (3 - 2 * eased)
        a, b = self._rests[int(number) % 64], self._rests[int(number + 1) % 64]
        x, y = a + (b - a) * eased
        return x + 0.04 * swing[0], y + 0.03 * swing[1], 10 * swing[2], 1 + 0.12 * swing[3]
