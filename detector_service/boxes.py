"""Boxes that overlap; a box is (x, y, width, height)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moodstream.types import Face

Box = tuple[float, float, float, float]

#: Boxes that overlap more than this (intersection over union) show the same face.
SAME = 0.3
#: So does a box of which more than this lies inside the other: part of a face looks like a small one.
_INSIDE = 0.6


def overlaps(a: Sequence[Box], b: Sequence[Box]) -> NDArray[np.float64]:
    """Intersection over union of each box of ``a`` with each of ``b``: (len(a), len(b))."""
    both, areas_a, areas_b = _common(a, b)
    return _share(both, areas_a + areas_b - both)


def without_doubles(faces: list[Face], known: list[Face] | None = None, parts: bool = False) -> list[Face]:
    """The faces, the surest first, without those that show the same as a known or a surer one does.

    With ``parts``, a box inside that of a surer one stays: nobody knows yet which of them is the face.
    """
    known = known or []
    faces = sorted(faces, key=lambda face: -face.score)
    boxes = [face.box for face in faces]
    both, areas, others = _common(boxes, [face.box for face in known] + boxes)
    double = _share(both, areas + others - both) > SAME
    inside = _share(both, np.minimum(areas, others)) > _INSIDE
    double |= inside & (np.arange(len(known) + len(faces)) < len(known)) if parts else inside
    kept = [True] * len(known) + [False] * len(faces)
    for i in range(len(faces)):
        kept[len(known) + i] = not double[i][kept].any()
    return [face for face, keep in zip(faces, kept[len(known) :], strict=True) if keep]


def _common(a: Sequence[Box], b: Sequence[Box]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The common area of each pair, and the areas, shaped so that they broadcast to pairs."""
    first, second = np.reshape(np.asarray(a, float), (-1, 1, 4)), np.reshape(np.asarray(b, float), (1, -1, 4))
    start = np.maximum(first[..., :2], second[..., :2])
    end = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    return np.clip(end - start, 0, None).prod(2), first[..., 2:].prod(2), second[..., 2:].prod(2)


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
