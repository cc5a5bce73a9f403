"""Cuts a face the way the pictures of FER-2013 are cut, since those the classifier knows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from moodstream.types import CROP_SIDE, Face


@dataclass(frozen=True, slots=True)
class Framing:
    """How a detector's boxes lie in the training pictures, measured by showing those to it.

    ``width`` is the box's longer side and ``below`` how far its middle lies under the picture's, both in picture sides.
    """

    width: float
    below: float


#: The box of MediaPipe's short-range model, median over 300 validation pictures of FER-2013.
MEDIAPIPE = Framing(width=0.865, below=0.093)


def crop(gray: NDArray[np.uint8], face: Face, framing: Framing = MEDIAPIPE) -> NDArray[np.uint8]:
    """The square around a face, uint8 (48, 48), from a gray frame (height, width); its border is repeated outwards."""
    height, width = gray.shape
    x, y, w, h = face.box
    side = max(round(max(w, h) / framing.width), 2)
    left = round(x + w / 2 - side / 2)
    top = round(y + h / 2 - side * framing.below - side / 2)
    # A box far outside still shares a pixel with the frame, so there is always something to repeat.
    left = min(max(left, 1 - side), width - 1)
    top = min(max(top, 1 - side), height - 1)
    inside = gray[max(top, 0) : min(top + side, height), max(left, 0) : min(left + side, width)]
    square = cv2.copyMakeBorder(
        inside,
        max(-top, 0),
        max(top + side - height, 0),
        max(-left, 0),
        max(left + side - width, 0),
        cv2.BORDER_REPLICATE,
    )
    shrinks = side > CROP_SIDE
    small = cv2.resize(square, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(small, np.uint8)
