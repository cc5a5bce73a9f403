"""MediaPipe's face detector, the model for faces near the camera: in a tile or a close-up every face is near."""

from __future__ import annotations

from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions
from numpy.typing import NDArray

from detector_service import crop
from detector_service.detectors.hush import hushed
from detector_service.models import SHORT_RANGE
from moodstream.types import Face

#: Score from which something is worth a closer look.
_NOTEWORTHY = 0.15


class MediaPipeDetector:
    """The short-range model, 128 x 128 pixels a look."""

    name = "mediapipe"
    framing = crop.MEDIAPIPE
    side = 128

    def __init__(self, files: Path, min_score: float) -> None:
        self.min_score = min_score
        self._detector = FaceDetector.create_from_options(
            FaceDetectorOptions(
                base_options=BaseOptions(model_asset_path=str(files / SHORT_RANGE)),
                min_detection_confidence=_NOTEWORTHY,
            )
        )

    def look(self, picture: NDArray[np.uint8]) -> list[Face]:
        height, width = picture.shape[:2]
        frame = mp.Image(image_format=mp.ImageFormat.SRGB, data=cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        return [_face(found, width, height) for found in self._detector.detect(frame).detections]

    def close(self) -> None:
        """Free the model; must be called, since MediaPipe's destructor fails at the interpreter's exit."""
        with hushed():
            self._detector.close()


def _face(found: object, width: int, height: int) -> Face:
    box, best, points = found.bounding_box, found.categories[0], found.keypoints  # type: ignore[attr-defined]
    # MediaPipe tells whole pixels, rounded down: half a pixel is much in a small picture.
    return Face(
        box=(box.origin_x + 0.5, box.origin_y + 0.5, box.width + 0.5, box.height + 0.5),
        score=min(float(best.score), 1.0),
        keypoints=tuple((point.x * width, point.y * height) for point in points),
    )
