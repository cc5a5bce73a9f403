"""What the tests of the live page have in common: starting it, and looking at what it shows."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Error as NotInTime

#: A function for the page: the picture of the screen now and what is drawn over it.
SHOWN = Path(__file__).with_name("shown.js").read_text(encoding="utf-8")
Box = tuple[float, float, float, float]


def agree(page: Any) -> None:
    """Consent, and start the camera; returns with the first label."""
    page.get_by_role("button", name="Agree and start the camera").click()
    first_label(page)


def first_label(page: Any) -> None:
    wait(page, "window.__moodstream?.boxes.some((b) => b.label)", "no label")


def wait(page: Any, condition: str, words: str) -> None:
    """Wait for a condition in the page; a failure tells what the page shows instead."""
    try:
        page.wait_for_function(condition)
    except NotInTime as error:
        counters = page.evaluate("({...window.__moodstream, last: null})")
        pytest.fail(f"{words}: {counters}\n{page.inner_text('body')}\n{error}")


def shown(page: Any) -> tuple[Image.Image, Image.Image, list[dict[str, Any]], bool]:
    """At one moment: the video's picture as it came, the canvas over it, the boxes, whether it is mirrored."""
    got = page.evaluate(f"({SHOWN})()")
    return _png(got["picture"]), _png(got["overlay"]), got["boxes"], got["mirrored"]


def _png(data: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(data.split(",")[1])))
    image.load()
    return image


def iou(a: Box, b: Box) -> float:
    """Overlap of two boxes (x, y, width, height): common area by joint area."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0.0, w) * max(0.0, h)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def box_in_pixels(overlay: Image.Image, inside: tuple[float, float]) -> Box | None:
    """The box that was drawn around a point, read off the canvas: where lines first cross the ways out of it."""
    painted = np.asarray(overlay.convert("RGBA"))[..., 3] > 100
    x, y = round(inside[0]), round(inside[1])
    if not (0 <= y < painted.shape[0] and 0 <= x < painted.shape[1]):
        return None
    row, column = np.flatnonzero(painted[y]), np.flatnonzero(painted[:, x])
    left, right, top, bottom = row[row < x], row[row > x], column[column < y], column[column > y]
    if not (left.size and right.size and top.size and bottom.size):
        return None
    return float(left[-1]), float(top[-1]), float(right[0] - left[-1]), float(bottom[0] - top[-1])
