"""How alike two crops are, whatever the light, the noise and a little jitter of the box."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector_service.boxes import Box

#: What of a crop is compared, float32 (24, 24).
Likeness = NDArray[np.float32]

#: Its side in pixels, and how far it is shifted in search of the best fit: boxes jitter.
_SIDE, _SHIFT = 24, 3
_MIDDLE = ((_SIDE - 1) / 2, (_SIDE - 1) / 2)
#: Degrees by which a head may have rolled from one frame to the next.
_ROLLS = (10, -10)


def likeness(crop: NDArray[np.uint8]) -> Likeness:
    """The middle frequencies of a crop, so that neither light nor noise counts."""
    small = cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(small - cv2.GaussianBlur(small, (0, 0), _SIDE / 4), np.float32)


def correlation(one: Likeness, other: Likeness) -> float:
    """Normalised correlation at the best of the shifts, -1 to 1."""
    inner = other[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT]
    return float(cv2.matchTemplate(one, inner, cv2.TM_CCOEFF_NORMED).max())


def turned_correlation(one: Likeness, one_box: Box, other: Likeness, other_box: Box) -> float:
    """The best correlation if only the box had changed around the face, or if the head had rolled."""
    if max(one_box[2:]) < max(other_box[2:]):  # only the crop of the larger box shows all of the other's
        one, one_box, other, other_box = other, other_box, one, one_box
    side = max(*other_box[2:], 1e-6)
    away = [(one_box[i] + one_box[i + 2] / 2 - other_box[i] - other_box[i + 2] / 2) / side * _SIDE for i in (0, 1)]
    reframe = np.asarray(cv2.getRotationMatrix2D(_MIDDLE, 0, max(one_box[2:]) / side), float)
    reframe[:, 2] += np.array(away)
    turns = [reframe, *(cv2.getRotationMatrix2D(_MIDDLE, degrees, 1.0) for degrees in _ROLLS)]
    turned = (cv2.warpAffine(one, turn, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE) for turn in turns)
    return max(correlation(np.asarray(view, np.float32), other) for view in turned)
