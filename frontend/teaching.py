"""The teach tab: a few labelled shots from the camera become an adaptation of the model, in the browser's tab alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from moodstream.adapt import Shot, adapt
from moodstream.palette import legend
from moodstream.types import EXPRESSIONS

FOLDER = Path(__file__).parent / "teach"
#: So many shots help; more would only cost time.
MOST_SHOTS_A_LABEL = 10
MOST_OWN_LABELS = 5
_FOLDS = 3


def build(stream_token: Callable[[object], str]) -> None:
    """Place the tab's component in the block that is open; ``stream_token`` gives what opens the socket."""
    gr.HTML(
        html_template=_text("teach.html"),
        css_template=_text("teach.css"),
        js_on_load=_text("load.js"),
        server_functions=[stream_token, learn],
        legend=legend(),
        limits={"mostShots": MOST_SHOTS_A_LABEL, "mostLabels": MOST_OWN_LABELS},
        elem_id="teach",
        padding=False,
    )


def learn(taught: Any) -> dict[str, Any]:
    """What follows from shots; nothing of it is kept here.

    Args:
        taught: ``{"model": name in the answers, "shots": [{"label", "embedding"}, …]}``.

    Returns:
        ``{"adaptation": for a stream's hello, "judged": {"shots", "before", "after"} or None}``: how many shots the
        model alone reads as they were labelled, and how many when each is read by what the others taught; or
        ``{"problem": sentence}``.
    """
    try:
        model, shots = (
            str(taught["model"]),
            [Shot(str(one["label"]), list(one["embedding"])) for one in taught["shots"]],
        )
    except (KeyError, TypeError):
        return {"problem": "These are no shots."}
    try:
        _check(shots)
        made = adapt(shots, model).to_json()
        return {"adaptation": made, "judged": _judge(shots, model)}
    except ValueError as error:
        return {"problem": f"This cannot be learnt: {error}."}


def _check(shots: Sequence[Shot]) -> None:
    counts: dict[str, int] = {}
    for shot in shots:
        counts[shot.label] = counts.get(shot.label, 0) + 1
    if len(set(counts) - set(EXPRESSIONS)) > MOST_OWN_LABELS or max(counts.values(), default=0) > MOST_SHOTS_A_LABEL:
        raise ValueError(f"more than {MOST_SHOTS_A_LABEL} shots of a label or {MOST_OWN_LABELS} labels of one's own")


def _judge(shots: Sequence[Shot], model: str) -> Mapping[str, int] | None:
    """In thirds: each is read by what the other two taught. None where a label would be left without a shot."""
    order = sorted(range(len(shots)), key=lambda i: shots[i].label)  # so that a label's shots lie in different thirds
    folds = [order[k::_FOLDS] for k in range(_FOLDS)]
    labels = {shot.label for shot in shots}
    rests = [[shots[i] for i in order if i not in fold] for fold in folds]
    if any({shot.label for shot in rest} != labels for rest in rests):
        return None
    before = sum(EXPRESSIONS[int(np.argmax(shot.embedding[: len(EXPRESSIONS)]))] == shot.label for shot in shots)
    after = 0
    for fold, rest in zip(folds, rests, strict=True):
        taught = adapt(rest, model)
        best = taught.probabilities([shots[i].embedding for i in fold]).argmax(1)
        after += sum(taught.names[k] == shots[i].label for i, k in zip(fold, best.tolist(), strict=True))
    return {"shots": len(shots), "before": before, "after": after}


def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
