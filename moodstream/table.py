"""Readings as rows, one a face: with numbers for files, and as people read them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from moodstream.types import EXPRESSIONS, FrameReading, Reading

#: Columns of a face, after those that say which frame or picture it is from; boxes in pixels.
COLUMNS = ("face", "seat", "label", "confidence", *EXPRESSIONS, "x", "y", "width", "height", "score")


def face_rows(answer: FrameReading) -> Iterator[dict[str, Any]]:
    """A row for every face, by column; None for what is not known."""
    for number, reading in enumerate(answer.readings, start=1):
        x, y, w, h = (round(v, 1) for v in reading.face.box)
        sure = confidence(reading)
        yield {
            "face": number,
            "seat": reading.face.seat,
            "label": reading.label,
            "confidence": None if sure is None else round(sure, 4),
            **(reading.to_json()["probabilities"] or dict.fromkeys(EXPRESSIONS)),
            "x": x,
            "y": y,
            "width": w,
            "height": h,
            "score": round(reading.face.score, 4),
        }


#: Columns of :func:`words`.
HEADERS = ["Face", "Expression", "Confidence", *(name.capitalize() for name in EXPRESSIONS)]


def words(answer: FrameReading) -> list[list[str | int]]:
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


def write_csv(file: TextIO, columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> None:
    """A table with a head line; empty cells for None. Open ``file`` with newline=""."""
    table = csv.DictWriter(file, list(columns))
    table.writeheader()
    table.writerows(rows)
