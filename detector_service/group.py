"""The group: how the labels are shared out, and answers in which no single face is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from moodstream.types import EXPRESSIONS, UNSURE, FrameReading


def summary(labels: Sequence[str], least: int, names: Sequence[str] = EXPRESSIONS) -> dict[str, Any]:
    """The group as answers carry it, from a label (or unsure) for each face.

    Under ``least`` faces the shares are None, since they would tell of single faces.
    """
    group: dict[str, Any] = {"faces": len(labels), "min": least, "shares": None}
    if labels and len(labels) >= least:
        counts = Counter(labels)
        group["shares"] = {name: round(counts[name] / len(labels), 6) for name in dict.fromkeys((*names, *counts))}
        group["shares"][UNSURE] = group["shares"].pop(UNSURE, 0.0)  # the last, whatever came before
    return group


def only_group(answer: FrameReading) -> FrameReading:
    """The answer in group view: boxes and scores, without labels, probabilities, seats, key points, embeddings."""
    return replace(answer, view="group", readings=tuple(reading.bare() for reading in answer.readings))


def picture_as_group(answer: FrameReading, least: int) -> FrameReading:
    """The answer to a picture that belongs to no stream, in group view; its faces are the group."""
    group = None if answer.status != "ok" else summary([r.label or UNSURE for r in answer.readings], least)
    return only_group(replace(answer, group=group))
