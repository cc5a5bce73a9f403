"""Where to look for faces in the frames of one stream, so that all are found and none costs more than it must."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from detector_service.detectors import Detector
from moodstream.types import Face


class Finder:
    """What is known of one stream's picture from its last frames; a fresh one knows nothing and looks everywhere."""

    def __init__(self) -> None:
        # A frame given up by its deadline may still be at work in its thread when the next one begins.
        self._one_at_a_time = threading.Lock()

    def find(self, image: NDArray[np.uint8], detector: Detector, at: float | None = None) -> list[Face]:
        """The faces of the next frame, BGR uint8 (height, width, 3), the surest first; frames come in their order.

        ``at`` is the time of the frame in seconds, from any fixed moment; now if not given.
        """
        with self._one_at_a_time:
            return detector.find(image)
