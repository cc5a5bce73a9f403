"""Readings drawn on a picture, and the same as rows of a table."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageOps

from moodstream.palette import COLOURS
from moodstream.types import EXPRESSIONS, UNSURE, FrameReading, Reading

HEADERS = ["Face", "Expression", "Confidence", *(name.capitalize() for name in EXPRESSIONS)]
_INK = "#10141c"


def annotate(picture: Image.Image, answer: FrameReading) -> Image.Image:
    """An upright RGB copy of ``picture`` with a numbered box on every face of ``answer``."""
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    draw = ImageDraw.Draw(upright)
    for number, reading in enumerate(answer.readings, start=1):
        _draw_reading(draw, upright.size, number, reading)
    return upright


def rows(answer: FrameReading) -> list[list[str | int]]:
    """A row for every face: its number, label, confidence and all seven probabilities, as people read them."""
    return [
        [number, r.label or "not read", _percent(confidence(r)), *(_percent(p) for p in r.probabilities or (None,) * 7)]
        for number, r in enumerate(answer.readings, start=1)
    ]


def confidence(reading: Reading) -> float | None:
    """The best of its probabilities, also where that was too little for a label."""
    return None if reading.probabilities is None else max(reading.probabilities)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _draw_reading(draw: ImageDraw.ImageDraw, size: tuple[int, int], number: int, reading: Reading) -> None:
    label, sure = reading.label or UNSURE, confidence(reading)
    colour = COLOURS.get(label, COLOURS[UNSURE])
    x, y, w, h = reading.face.box
    unit = max(1, round(max(size) / 640))
    weight = unit * (2 + round(2 * (sure or 0)))
    # A dark rim keeps light colours visible on light pictures.
    draw.rectangle((x - unit, y - unit, x + w + unit, y + h + unit), outline=_INK, width=weight + 2 * unit)
    draw.rectangle((x, y, x + w, y + h), outline=colour, width=weight)
    font = ImageFont.load_default(14 * unit)
    text = f"{number} · {label}" + ("" if sure is None else f" {sure:.0%}")
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = 4 * unit
    chip_w, chip_h = right - left + 2 * pad, bottom - top + 2 * pad
    chip_x = min(max(0, x), max(0, size[0] - chip_w))
    chip_y = y - chip_h - unit if y - chip_h - unit >= 0 else min(y + h + unit, size[1] - chip_h)
    draw.rounded_rectangle((chip_x, chip_y, chip_x + chip_w, chip_y + chip_h), radius=pad, fill=colour)
    draw.text((chip_x + pad - left, chip_y + pad - top), text, font=font, fill=_INK)
