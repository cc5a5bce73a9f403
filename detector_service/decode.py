"""A picture file becomes pixels, or a clear refusal."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from moodstream.settings import Settings
from moodstream.types import FrameReading, Problem

# Our own limit is lower than Pillow's, and is checked on the same header.
Image.MAX_IMAGE_PIXELS = None

_ORIENTATION = 0x0112
#: Values of EXIF orientation other than 1, upright → (turn after the flip, mirrored left to right).
_UPRIGHT = {
    2: (None, True),
    3: (cv2.ROTATE_180, False),
    4: (cv2.ROTATE_180, True),
    5: (cv2.ROTATE_90_COUNTERCLOCKWISE, True),
    6: (cv2.ROTATE_90_CLOCKWISE, False),
    7: (cv2.ROTATE_90_CLOCKWISE, True),
    8: (cv2.ROTATE_90_COUNTERCLOCKWISE, False),
}

#: Every code of a refused picture, with its HTTP status.
PICTURE_STATUS = {
    "empty": 400,
    "truncated": 400,
    "damaged": 400,
    "body_too_large": 413,
    "too_many_pixels": 413,
    "not_a_picture": 415,
    "animated": 415,
}


class PictureError(Exception):
    """Why a picture is refused: ``code`` of :data:`PICTURE_STATUS`, its ``http_status`` and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.http_status, self.message = code, PICTURE_STATUS[code], message

    def answer(self) -> FrameReading:
        """The answer to a frame with this picture."""
        return FrameReading(status="error", error=Problem(self.code, self.message))


def decode(picture: bytes, options: Settings) -> NDArray[np.uint8]:
    """The pixels of a JPEG, PNG or WebP file: BGR uint8 (height, width, 3), upright.

    The size is read from the header and judged before any pixel is decoded.

    Raises:
        PictureError: empty, too large, damaged, animated or no picture at all.
    """
    orientation = _inspect(picture, options)
    try:
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(np.frombuffer(picture, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise PictureError("damaged", "The picture is damaged and cannot be decoded.")
    turn, mirrored = _UPRIGHT.get(orientation, (None, False))
    if mirrored:
        image = cv2.flip(image, 1)
    if turn is not None:
        image = cv2.rotate(image, turn)
    return np.asarray(image, np.uint8)


def _inspect(picture: bytes, options: Settings) -> int:
    """EXIF orientation of an acceptable picture, from its header alone."""
    if not picture:
        raise PictureError("empty", "There is no picture in the body.")
    if len(picture) > options.max_body_bytes:
        raise PictureError("body_too_large", f"A picture file may have at most {options.max_body_bytes} bytes.")
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG", "WEBP")) as header:
            width, height = header.size
            # A JPEG of a phone may carry a depth map or a second view (MPO): the first picture is meant.
            animated = header.format != "MPO" and getattr(header, "is_animated", False)
            kind = header.format
            if width * height > options.max_pixels:
                limit = f"{width} × {height} pixels are too many: at most {options.max_pixels} are decoded."
                raise PictureError("too_many_pixels", limit)
            if animated:
                raise PictureError("animated", "The picture is animated: send its frames one by one.")
            orientation = _orientation(header)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error) as error:
        if _cut_short(picture, None):
            raise PictureError("truncated", "The picture file ends too early.") from error
        raise PictureError("not_a_picture", "The body is not a JPEG, PNG or WebP picture.") from error
    if _cut_short(picture, kind):
        raise PictureError("truncated", "The picture file ends too early.")
    return orientation


def _orientation(header: Image.Image) -> int:
    try:
        return int(header.getexif().get(_ORIENTATION, 1))
    except Exception:  # Pillow raises whatever the broken tag leads to, and a broken tag spoils no picture
        return 1


def _cut_short(picture: bytes, kind: str | None) -> bool:
    """Whether the file lacks its end. OpenCV would fill the missing part with gray and say nothing."""
    if picture.startswith(b"\x89PNG\r\n\x1a\n"):
        return picture.rfind(b"IEND\xaeB`\x82") < 0
    if picture.startswith(b"RIFF") and picture[8:12] == b"WEBP":
        return len(picture) < 8 + int.from_bytes(picture[4:8], "little")
    if kind in ("JPEG", "MPO") or picture.startswith(b"\xff\xd8\xff"):
        # In a scan every 0xff is escaped, so the first end mark behind the first scan's start is the picture's.
        scan = _first_scan(picture)
        return scan < 0 or picture.find(b"\xff\xd9", scan) < 0
    return False


def _first_scan(jpeg: bytes) -> int:
    """Where the first scan starts, behind any thumbnail's; -1 if the file ends before."""
    at = 2
    while at + 4 <= len(jpeg):
        if jpeg[at] != 0xFF:
            at += 1
        elif jpeg[at + 1] in (0xFF, 0x00, 0x01, *range(0xD0, 0xD9)):
            at += 1 if jpeg[at + 1] == 0xFF else 2
        elif jpeg[at + 1] == 0xDA:
            return at
        else:
            at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return -1
