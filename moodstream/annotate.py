"""Readings drawn on a picture."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageOps

from moodstream.palette import COLOURS
from moodstream.table import confidence
from moodstream.types import UNSURE, FrameReading, Reading

_INK = "#10141c"


def annotate(picture: Image.Image, answer: FrameReading) -> Image.Image:
    """An upright RGB copy of ``picture`` with a numbered box on every face of ``answer``."""
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    draw = ImageDraw.Draw(upright)
    for number, reading in enumerate(answer.readings, start=1):
        _draw_reading(draw, upright.size, number, reading)
    return upright


def _draw_reading(draw: ImageDraw.ImageDraw, size: tuple[int, int], number: int, reading: Reading) -> None:
    label, sure = reading.label, confidence(reading)
    colour = COLOURS.get(label or UNSURE, COLOURS[UNSURE])
    x, y, w, h = reading.face.box
    unit = max(1, round(max(size) / 640))
    weight = unit * (2 + round(2 * (sure or 0)))
    # A dark rim keeps light colours visible on light pictures.
    draw.rectangle((x - unit, y - unit, x + w + unit, y + h + unit), outline=_INK, width=weight + 2 * unit)
    draw.rectangle((x, y, x + w, y + h), outline=colour, width=weight)
    if label is None:  # in group view no face has a label
        return
    font = ImageFont.load_default(14 * unit)
    text = f"{number} · {label}" + ("" if sure is None else f" {sure:.0%}")
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = 4 * unit
    chip_w, chip_h = right - left + 2 * pad, bottom - top + 2 * pad
    chip_x = min(max(0, x), max(0, size[0] - chip_w))
    chip_y = y - chip_h - unit if y - chip_h - unit >= 0 else min(y + h + unit, size[1] - chip_h)
    draw.rounded_rectangle((chip_x, chip_y, chip_x + chip_w, chip_y + chip_h), radius=pad, fill=colour)
    draw.text((chip_x + pad - left, chip_y + pad - top), text, font=font, fill=_INK)
