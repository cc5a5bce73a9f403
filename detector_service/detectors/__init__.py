"""Face detectors, all alike from outside."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detector_service import models
from detector_service.crop import Framing
from detector_service.detectors.haar import HaarDetector
from detector_service.detectors.hush import hushed
from detector_service.detectors.undrawn import stand_in_for_matplotlib
from moodstream.settings import Settings
from moodstream.types import Face

log = logging.getLogger(__name__)

_PROCESSORS = Path("/sys/devices/system/cpu")


class Detector(Protocol):
    """Looks for faces in small square pictures. Not for two threads at a time: each needs its own.

    Attributes:
        framing: how the boxes lie in the training pictures.
        side: of the picture, in pixels; a face is noticed from about a tenth of it.
        min_score: below which nothing is a face.
    """

    name: str
    framing: Framing
    side: int
    min_score: float

    def look(self, picture: NDArray[np.uint8]) -> list[Face]:
        """All that looks like a face in a BGR uint8 picture (side, side, 3), with any score."""
        ...

    def close(self) -> None: ...


def make_detector(options: Settings) -> Detector:
    """The detector that the settings choose; Haar, said loudly, if MediaPipe's files or libraries cannot be had."""
    if options.detector == "mediapipe":
        try:
            _check_processors_can_be_counted()
            files = models.fetch(options)
            with stand_in_for_matplotlib():
                # Slow to import, and impossible without the GL libraries.
                from detector_service.detectors.mediapipe import MediaPipeDetector  # noqa: PLC0415

            with hushed(options.log_level != "debug"):
                made = MediaPipeDetector(files, options.min_score)
                made.look(np.zeros((made.side, made.side, 3), np.uint8))  # the first look is slow and talkative
                return made
        except (models.ModelFilesError, ImportError, OSError) as error:
            log.error("FALLING BACK TO THE HAAR DETECTOR, which misses more faces: %s", error)
    return HaarDetector(options.min_score)


def _check_processors_can_be_counted() -> None:
    """MediaPipe ends the whole process where it cannot count processors, as in a bare chroot."""
    if sys.platform == "linux" and not _PROCESSORS.is_dir():
        raise OSError(f"MediaPipe counts processors in {_PROCESSORS}, which is missing: mount -t sysfs sys /sys")
