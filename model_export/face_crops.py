"""Crops that teach what is a face and what is none, made at random from pictures of faces and pictures without."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from moodstream.types import CROP_SIDE

Crops = npt.NDArray[np.uint8]
Shift = npt.NDArray[np.float64]

#: How wrong the square around a face may be: shift and zoom in parts of its side, turn in degrees.
SHIFT, ZOOM, TURN = 0.12, 0.22, 35.0
#: Squares that are none although they show a face: up to this share of them, so far off, at such a zoom; first those
#: that are too near, then those beside it. The others show it lost in the square.
WRONG = ((0.25, (0.2, 0.35), (2.4, 4.0)), (0.7, (0.55, 0.8), (0.8, 1.3)))
LOST = (0.25, 0.4)
WRONG_TURN = 15.0
#: Sides of the squares that are cut from pictures, in pixels.
SMALLEST, LARGEST = 24, 500


class Maker:
    """Makes crops: of faces, and of what is none."""

    def __init__(self, faces: Crops, pictures: list[Crops], seed: int) -> None:
        self.faces, self.pictures, self.random = faces, pictures, np.random.default_rng(seed)

    def square(self) -> Crops:
        """A square of a picture without faces, at any size, turned any way."""
        random = self.random
        picture = self.pictures[int(random.integers(len(self.pictures)))]
        most = min(*picture.shape, LARGEST)
        side = round(SMALLEST * (most / SMALLEST) ** random.random()) if most > SMALLEST else most
        y, x = (int(random.integers(length - side + 1)) for length in picture.shape)
        part = picture[y : y + side, x : x + side]
        method = cv2.INTER_AREA if side > CROP_SIDE else cv2.INTER_LINEAR
        part = cv2.resize(part, (CROP_SIDE, CROP_SIDE), interpolation=method)
        return np.asarray(np.rot90(part, int(random.choice([0, 0, 0, 0, 1, 2, 3])))[:, :: int(random.choice([-1, 1]))])

    def face(self) -> Crops:
        """A face, nearly as the detector would frame it."""
        random = self.random
        shift = random.uniform(-SHIFT, SHIFT, 2)
        zoom = float(np.exp(random.uniform(-ZOOM, ZOOM)))
        turn = float(random.normal(0, TURN / 2)) if random.random() < 0.9 else float(random.choice([-90, 90]))
        return self._framed(zoom, turn, shift)

    def part(self) -> Crops:
        """A face that is framed so wrongly that it counts as none: a part of it, beside it, or lost in the square."""
        random, kind, away = self.random, self.random.random(), self.random.uniform(0, 2 * np.pi)
        for share, reach, zoom in WRONG:
            if kind < share:
                shift = random.uniform(*reach) * np.array([np.cos(away), np.sin(away)])
                return self._framed(random.uniform(*zoom), random.normal(0, WRONG_TURN), shift)
        shift = random.uniform(-0.3, 0.3, 2)
        return self._framed(random.uniform(*LOST), random.normal(0, WRONG_TURN), shift)

    def _framed(self, zoom: float, turn: float, shift: Shift) -> Crops:
        """A training picture enlarged by ``zoom``, turned, and moved by parts of the crop's side."""
        random, side = self.random, CROP_SIDE
        picture = self.faces[int(random.integers(len(self.faces)))]
        if random.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
        matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), turn, zoom)
        matrix[:, 2] += shift * side
        if random.random() < 0.5 and zoom > 0.7 and np.abs(shift).max() < 0.3:
            return np.asarray(cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)
        around = self.square().copy()
        return np.asarray(
            cv2.warpAffine(picture, matrix, (side, side), dst=around, borderMode=cv2.BORDER_TRANSPARENT), np.uint8
        )

    def seen(self, crop: Crops) -> Crops:
        """The crop as cameras and video calls show it: small, soft, dark, noisy, compressed, partly covered."""
        random = self.random
        if random.random() < 0.5:
            small = int(random.integers(18, CROP_SIDE))
            crop = np.asarray(cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
            crop = np.asarray(cv2.resize(crop, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)
        levels = 255 * (crop / 255.0) ** float(np.exp(random.uniform(-0.5, 0.5)))
        if random.random() < 0.4:
            levels = levels * random.uniform(0.25, 1) + random.uniform(0, 60)
        if random.random() < 0.4:
            levels = levels + random.normal(0, random.uniform(1, 10), levels.shape)
        if random.random() < 0.15:
            w, h = (int(v) for v in random.integers(6, 22, 2))
            y, x = int(random.integers(CROP_SIDE - h)), int(random.integers(CROP_SIDE - w))
            levels[y : y + h, x : x + w] = random.uniform(0, 255)
        crop = np.clip(levels, 0, 255).astype(np.uint8)
        if random.random() < 0.5:
            file = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(30, 95))])[1]
            crop = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8)
        return crop
