"""OpenCV's frontal face cascade: needs no model file of its own, misses turned faces, gives no key points."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_service.crop import Framing
from moodstream.types import Face

_SMALLEST = 24


class HaarDetector:
    """The cascade ``haarcascade_frontalface_default``, whose smallest face is a tenth of the look."""

    name = "haar"
    framing = Framing(width=0.95, below=0.01)
    side = 10 * _SMALLEST

    def __init__(self, min_score: float) -> None:
        self.min_score = min_score
        files = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]  # OpenCV's stubs forget it
        self._cascade = cv2.CascadeClassifier(str(files / "haarcascade_frontalface_default.xml"))

    def look(self, picture: NDArray[np.uint8]) -> list[Face]:
        gray = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        boxes, _, levels = self._cascade.detectMultiScale3(
            gray, 1.1, 3, minSize=(_SMALLEST, _SMALLEST), outputRejectLevels=True
        )
        return [
            # The cascade tells a sum of votes, 0 to about 10: a curve gives it the range of a score, 0.65 at 3.
            Face(box=(float(x), float(y), float(w), float(h)), score=1 - math.exp(-max(float(level), 0.0) / 2.9))
            for (x, y, w, h), level in zip(boxes, levels, strict=True)
        ]

    def close(self) -> None:
        """Nothing to give back."""
