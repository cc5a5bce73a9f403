"""From a picture file to faces and their crops; the half of the work that needs no queue."""

from __future__ import annotations

import time

import cv2
import numpy as np

from detector_service.crop import crop
from detector_service.decode import decode
from detector_service.detectors import Detector
from detector_service.finder import Finder
from moodstream.settings import Settings
from moodstream.types import FrameReading, Reading


def find(
    picture: bytes, detector: Detector, options: Settings, finder: Finder | None = None, at: float | None = None
) -> tuple[FrameReading, bytes]:
    """The partial answer, with faces not yet read, and their crops in the same order, 2304 bytes each.

    ``finder`` is what is known from the stream's last frames, ``at`` the frame's time in seconds; a picture by itself
    has neither and is searched everywhere.

    Raises:
        PictureError: the picture is refused; its ``answer()`` is the frame's.
    """
    started = time.perf_counter()
    image = decode(picture, options)
    decoded = time.perf_counter()
    faces = (finder or Finder()).find(image, detector, at)
    detected = time.perf_counter()
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    readings = tuple(Reading(face, crop=crop(gray, face, detector.framing).tobytes()) for face in faces)
    crops = b"".join(reading.crop or b"" for reading in readings)
    timings: dict[str, float | None] = {
        "decode": milliseconds(decoded - started),
        "detect": milliseconds(detected - decoded),
        "crop": milliseconds(time.perf_counter() - detected),
    }
    height, width = image.shape[:2]
    return FrameReading(
        width=width, height=height, detector=detector.name, readings=readings, timings_ms=timings
    ), crops


def milliseconds(seconds: float) -> float:
    """Rounded as answers tell durations."""
    return round(seconds * 1000, 2)
