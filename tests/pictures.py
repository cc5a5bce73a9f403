"""Pictures of every kind that a service may be sent: unusual ones that it must read, bad ones that it must refuse."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

#: Dark at the left, bright at the right; (40, 64, 3).
GRADIENT = np.dstack([np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (40, 1))] * 3)


def encoded(kind: str = "JPEG", image: Image.Image | None = None, **options: Any) -> bytes:
    """The picture as a file of a kind that Pillow writes."""
    out = io.BytesIO()
    (image or Image.fromarray(GRADIENT)).save(out, kind, **options)
    return out.getvalue()


def bomb_png() -> bytes:
    """10000 × 5000 pixels in a few dozen bytes: only the header is real."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 10_000, 5_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def animated(kind: str) -> bytes:
    """Three frames in one file."""
    frames = [Image.new("RGB", (32, 32), (i * 80, 0, 0)) for i in range(3)]
    return encoded(kind, frames[0], save_all=True, append_images=frames[1:])


def unusual(image: Image.Image) -> dict[str, bytes]:
    """The picture in the less common forms of the three kinds."""
    deep = np.asarray(image.convert("L")).astype(np.uint16) * 257
    return {
        "cmyk": encoded("JPEG", image.convert("CMYK")),
        "16 bit": encoded("PNG", Image.fromarray(deep)),
        "alpha": encoded("PNG", image.convert("RGBA")),
        "palette": encoded("PNG", image.convert("P")),
        "gray": encoded("JPEG", image.convert("L")),
        "progressive": encoded("JPEG", image, progressive=True),
    }


#: Name → file, code and HTTP status of its refusal.
REFUSED: dict[str, tuple[bytes, str, int]] = {
    "empty": (b"", "empty", 400),
    "text": (b"hello, I am a text", "not_a_picture", 415),
    "gif head": (b"GIF89a" + bytes(40), "not_a_picture", 415),
    "gif": (encoded("GIF"), "not_a_picture", 415),
    "bmp": (encoded("BMP"), "not_a_picture", 415),
    "tiff": (encoded("TIFF"), "not_a_picture", 415),
    "three bytes": (b"\xff\xd8\xff", "truncated", 400),
    "head only": (encoded()[:100], "truncated", 400),
    "cut jpeg": (encoded()[:-30], "truncated", 400),
    "cut progressive": (encoded(progressive=True)[:-30], "truncated", 400),
    "cut png": (encoded("PNG")[:-20], "truncated", 400),
    "cut webp": (encoded("WEBP")[:-20], "truncated", 400),
    "bomb": (bomb_png(), "too_many_pixels", 413),
    "animated png": (animated("PNG"), "animated", 415),
    "animated webp": (animated("WEBP"), "animated", 415),
}
