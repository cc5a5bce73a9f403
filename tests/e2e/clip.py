"""A webcam clip with a face whose place is known in every frame.

The public-domain portrait of astronaut Eileen Collins moves from side to side below a green marker; the marker's
middle tells where the portrait is, in any size the frame is later scaled to.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 640, 480
SIDE = 440
MARKER = 20
FRAMES = 360
#: The face in the portrait of 512 x 512 pixels: x, y, width, height.
FACE = (172.0, 65.0, 105.0, 115.0)


def write_clip(path: Path, *, moving: bool = True) -> Path:
    """An MJPEG file (JPEGs one after the other) that Chromium plays in a loop as a webcam; ``moving`` or with the face
    in the middle."""
    from skimage.data import astronaut

    portrait = Image.fromarray(astronaut()).resize((SIDE, SIDE))
    with path.open("wb") as file:
        for n in range(FRAMES if moving else 5):
            aside = math.sin(2 * math.pi * n / FRAMES) if moving else 0
            left = round((WIDTH - SIDE) / 2 * (1 + aside))
            file.write(_frame(portrait, left))
    return path


def _frame(portrait: Image.Image, left: int) -> bytes:
    frame = Image.new("RGB", (WIDTH, HEIGHT), (38, 44, 58))
    frame.paste(portrait, (left, HEIGHT - SIDE))
    middle = left + SIDE // 2
    frame.paste((0, 255, 0), (middle - MARKER, 0, middle + MARKER, MARKER))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=92)
    return out.getvalue()


def face_box(frame: Image.Image) -> tuple[float, float, float, float] | None:
    """Where the face is in a frame of the clip (x, y, width, height in the frame's pixels), found by the marker."""
    scale = frame.width / WIDTH
    strip = np.asarray(frame.convert("RGB"))[2 : max(3, int(MARKER * scale) - 4)].astype(int)
    green = (strip[..., 1] > 150) & (strip[..., 0] < 110) & (strip[..., 2] < 110)
    columns = np.flatnonzero(green.mean(0) > 0.5)
    if not columns.size:
        return None
    left = columns.mean() / scale - SIDE / 2
    zoom = SIDE / 512
    x, y, w, h = FACE
    return (
        (left + x * zoom) * scale,
        (HEIGHT - SIDE + y * zoom) * scale,
        w * zoom * scale,
        h * zoom * scale,
    )
