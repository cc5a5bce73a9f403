"""MediaPipe's face detector: two models, one for faces near the camera and one for those farther off."""

from __future__ import annotations

from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions
from numpy.typing import NDArray

from detector_service import crop
from detector_service.models import FULL_RANGE, SHORT_RANGE
from moodstream.types import Face

#: How the boxes of each model lie in the training pictures, measured like :data:`crop.MEDIAPIPE`.
_FRAMINGS = {FULL_RANGE: crop.Framing(width=0.905, below=0.043), SHORT_RANGE: crop.MEDIAPIPE}
#: Boxes that overlap more than this (intersection over union) show the same face.
_SAME = 0.3


class MediaPipeDetector:
    """Both models on the whole frame.

    The full range finds 9 of 9 faces of a call's gallery where the short range finds none; the short range is better at
    a face near the camera (299 of 300 pictures of FER-2013 against 227) and takes a third of the time.
    """

    name = "mediapipe"
    framing = crop.MEDIAPIPE

    def __init__(self, files: Path, min_score: float) -> None:
        self._detectors = [
            (
                FaceDetector.create_from_options(
                    FaceDetectorOptions(
                        base_options=BaseOptions(model_asset_path=str(files / name)), min_detection_confidence=min_score
                    )
                ),
                framing,
            )
            for name, framing in _FRAMINGS.items()
        ]

    def find(self, image: NDArray[np.uint8]) -> list[Face]:
        height, width = image.shape[:2]
        if min(height, width) < 8:
            return []
        frame = mp.Image(image_format=mp.ImageFormat.SRGB, data=cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
        faces = [
            _face(found, width, height, framing)
            for detector, framing in self._detectors
            for found in detector.detect(frame).detections
        ]
        return without_doubles(faces)

    def close(self) -> None:
        """Free the models; must be called, since MediaPipe's destructor fails at the interpreter's exit."""
        for detector, _ in self._detectors:
            detector.close()


def without_doubles(faces: list[Face], same: float = _SAME) -> list[Face]:
    """The faces, the surest first, without those that overlap a surer one (non-maximum suppression)."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(overlap(face.box, other.box) <= same for other in kept):
            kept.append(face)
    return kept


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(wide, 0.0) * max(high, 0.0)
    union = a[2] * a[3] + b[2] * b[3] - both
    return both / union if union else 0.0


def _face(found: object, width: int, height: int, framing: crop.Framing) -> Face:
    """A detection as a face; its box as the short-range model would draw it, so that one framing fits all."""
    box, best, points = found.bounding_box, found.categories[0], found.keypoints  # type: ignore[attr-defined]
    picture = max(box.width, box.height) / framing.width
    side = picture * crop.MEDIAPIPE.width
    middle_x = box.origin_x + box.width / 2
    middle_y = box.origin_y + box.height / 2 + picture * (crop.MEDIAPIPE.below - framing.below)
    return Face(
        box=(middle_x - side / 2, middle_y - side / 2, side, side),
        score=min(float(best.score), 1.0),
        keypoints=tuple((point.x * width, point.y * height) for point in points),
    )
