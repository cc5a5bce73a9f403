"""Boxes that overlap; a box is (x, y, width, height)."""

from __future__ import annotations

from moodstream.types import Face

Box = tuple[float, float, float, float]

#: Boxes that overlap more than this (intersection over union) show the same face.
SAME = 0.3


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    both = _both(a, b)
    union = a[2] * a[3] + b[2] * b[3] - both
    return both / union if union else 0.0


def without_doubles(faces: list[Face], known: list[Face] | None = None) -> list[Face]:
    """The faces, the surest first, without those that overlap a known or a surer one (non-maximum suppression).

    A box that lies mostly inside another is its double too: part of a face looks like a small one.
    """
    others = list(known or [])
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if not any(_doubles(face.box, other.box) for other in others):
            kept.append(face)
            others.append(face)
    return kept


def _doubles(a: Box, b: Box) -> bool:
    smaller = min(a[2] * a[3], b[2] * b[3])
    return overlap(a, b) > SAME or (smaller > 0 and _both(a, b) / smaller > 2 * SAME)


def _both(a: Box, b: Box) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(wide, 0.0) * max(high, 0.0)
