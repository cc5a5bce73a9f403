"""The second word on what is a face: a small net that sees the crop which the classifier would get.

It is made by ``python -m model_export.face_check`` and runs in OpenCV, so that the detector needs no other runtime.
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_FILE = Path(__file__).with_name("face_check.onnx")
#: OpenCV's nets are not for two threads at a time, so each thread has its own.
_own = threading.local()


def face_odds(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Log-odds, float32 (n,), that each of the crops, gray uint8 (n, 48, 48), shows a face."""
    if not len(crops):
        return np.zeros(0, np.float32)
    net: cv2.dnn.Net | None = getattr(_own, "net", None)
    if net is None:
        net = _own.net = cv2.dnn.readNetFromONNX(str(_FILE))
    net.setInput(crops[:, None].astype(np.float32))
    return np.asarray(net.forward()[:, 0], np.float32)
