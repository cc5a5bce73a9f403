from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from frontend.teaching import MOST_OWN_LABELS, MOST_SHOTS_A_LABEL, learn
from moodstream.adapt import Adaptation
from moodstream.types import EXPRESSIONS

RANDOM = np.random.default_rng(7)
D = 12
MEANS = RANDOM.normal(0, 1.5, (8, D))  # the seven, and one that the model does not know


def _shot(label: str, kind: int) -> dict[str, Any]:
    """A face of a kind as an embedding tells it: log-probabilities, evidence, features."""
    features = MEANS[kind] + RANDOM.normal(0, 1, D)
    scores = MEANS[:7] @ features - (MEANS[:7] ** 2).sum(1) / 2 + np.log(1 / 7)
    evidence = float(np.log(np.exp(scores).sum()))
    return {"label": label, "embedding": [*(scores - evidence), evidence, *features]}


def test_a_word_of_ones_own_is_learnt_and_judged_by_shots_that_did_not_teach_it() -> None:
    happy, neutral = EXPRESSIONS.index("happy"), EXPRESSIONS.index("neutral")
    shots = [
        shot for _ in range(9) for shot in (_shot("confused", 7), _shot("happy", happy), _shot("neutral", neutral))
    ]
    learnt = learn({"model": "m", "shots": shots})
    made = Adaptation.from_json(learnt["adaptation"])
    assert (made.model, made.labels) == ("m", ("confused",))
    judged = learnt["judged"]
    assert judged["shots"] == 27
    assert judged["before"] <= 18  # the model alone cannot say the word
    assert judged["after"] >= 23


def test_too_few_shots_are_learnt_but_not_judged() -> None:
    learnt = learn({"model": "m", "shots": [_shot("confused", 7)]})
    assert learnt["judged"] is None
    assert Adaptation.from_json(learnt["adaptation"]).labels == ("confused",)


@pytest.mark.parametrize(
    ("taught", "words"),
    [
        (None, "no shots"),
        ({"model": "m", "shots": [{"label": "happy"}]}, "no shots"),
        ({"model": "m", "shots": []}, "0 shots"),
        ({"model": "m", "shots": [{"label": "happy", "embedding": [1.0] * 20}]}, "another kind of model"),
        ({"model": "m", "shots": [{"label": "happy", "embedding": ["x"] * 20}]}, "cannot be learnt"),
        ({"model": "m", "shots": [_shot("unsure", 7)]}, "no label of one's own"),
        ({"model": "m", "shots": [_shot("happy", 3)] * (MOST_SHOTS_A_LABEL + 1)}, "more than"),
        ({"model": "m", "shots": [_shot(f"word {n}", 7) for n in range(MOST_OWN_LABELS + 1)]}, "more than"),
    ],
)
def test_what_cannot_be_learnt_is_said_in_words(taught: Any, words: str) -> None:
    assert words in learn(taught)["problem"]
