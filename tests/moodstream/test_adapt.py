"""Few-shot adaptation, on faces drawn here from the Gaussians that an embedding promises."""

from __future__ import annotations

import json

import numpy as np
import pytest

from moodstream.adapt import BASE_RATES, Adaptation, Shot, _evened, adapt
from moodstream.types import EXPRESSIONS, Face, FrameReading, Reading

D = 12
RANDOM = np.random.default_rng(7)
MEANS = RANDOM.normal(0, 1.5, (8, D))  # the seven, and one more that the model does not know
HAPPY, SAD, NEUTRAL = (EXPRESSIONS.index(name) for name in ("happy", "sad", "neutral"))


def embeddings(label: int, n: int, shift: float = 0.0) -> np.ndarray:
    """Embeddings (n, 8 + D) of faces of a class; ``shift`` is the model's prejudice against `happy`."""
    features = MEANS[label] + RANDOM.normal(0, 1, (n, D))
    scores = features @ MEANS[:7].T - (MEANS[:7] ** 2).sum(1) / 2 + np.log(1 / 7)
    evidence = np.log(np.exp(scores).sum(1))
    scores[:, HAPPY] -= shift
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    return np.concatenate([logs, evidence[:, None], features], 1)


def shots(label: int, n: int, name: str | None = None, shift: float = 0.0) -> list[Shot]:
    return [Shot(name or EXPRESSIONS[label], row.tolist()) for row in embeddings(label, n, shift)]


def share(adaptation: Adaptation, label: int, name: str, shift: float = 0.0) -> float:
    """Share of 200 faces of a class that get this name."""
    answers = adaptation.probabilities(embeddings(label, 200, shift)).argmax(1)
    return float((answers == adaptation.names.index(name)).mean())


@pytest.mark.parametrize(("n", "least"), [(1, 0.3), (5, 0.7), (10, 0.8)])
def test_a_label_of_ones_own_is_found_and_the_seven_are_kept(n, least):
    adaptation = adapt(shots(7, n, "confused"), "m")
    assert share(adaptation, 7, "confused") > least
    assert share(adaptation, HAPPY, "happy") > 0.85
    assert share(adaptation, SAD, "confused") < 0.1


def test_shots_of_the_seven_undo_a_prejudice():
    before = adapt([Shot("sad", embeddings(SAD, 1)[0].tolist())], "m")  # one label alone corrects nothing
    after = adapt([shot for label in range(7) for shot in shots(label, 10, shift=12)], "m")
    assert share(before, HAPPY, "happy", shift=12) < 0.6
    assert share(after, HAPPY, "happy", shift=12) > share(before, HAPPY, "happy", shift=12) + 0.15


def test_labels_with_shots_become_more_even_and_weigh_the_same_together():
    happy, disgust = [EXPRESSIONS.index(name) for name in ("happy", "disgust")]
    before = np.zeros((1, 8 + D))
    before[0, :7] = np.log(BASE_RATES / np.sum(BASE_RATES))
    some = _evened(np.array([happy, disgust]))
    after = np.exp(before[0, :7] + some)
    assert after[[happy, disgust]].sum() == pytest.approx(np.exp(before[0, [happy, disgust]]).sum())
    assert some[disgust] > 0 > some[happy]
    assert np.flatnonzero(some).tolist() == sorted([happy, disgust])
    assert not _evened(np.array([happy])).any()


def test_labels_without_shots_are_left_alone():
    adaptation = adapt(shots(HAPPY, 10) + shots(SAD, 10), "m")
    assert share(adaptation, NEUTRAL, "neutral") > 0.85


def test_no_labels_order_or_copy_changes_the_answer():
    given = shots(7, 3, "confused") + shots(SAD, 2)
    one, other = adapt(given, "m"), adapt(given[::-1], "m")
    faces = embeddings(NEUTRAL, 20)
    np.testing.assert_allclose(one.probabilities(faces), other.probabilities(faces), atol=1e-6)
    np.testing.assert_allclose(one.probabilities(faces).sum(1), 1)


def test_it_travels_as_json():
    adaptation = adapt(shots(7, 4, "confused") + shots(HAPPY, 4), "m")
    text = json.dumps(adaptation.to_json())
    assert len(text) < 4000
    back = Adaptation.from_json(json.loads(text))
    faces = embeddings(7, 50)
    assert back.names == (*EXPRESSIONS, "confused")
    np.testing.assert_allclose(back.probabilities(faces), adaptation.probabilities(faces), atol=2e-3)


def reading(label: int) -> Reading:
    row = embeddings(label, 1)[0]
    return Reading(Face((0, 0, 9, 9), 0.9), embedding=tuple(row)).read(tuple(np.exp(row[:7])), 0.4)


def test_an_answer_is_read_anew():
    adaptation = adapt(shots(7, 10, "confused"), "m")
    faces = (*(reading(7) for _ in range(9)), Reading(Face((0, 0, 9, 9), 0.9)))
    answer = adaptation.adapted(FrameReading(model="m", unsure_below=0.4, readings=faces))
    labels = [face.label for face in answer.readings]
    assert labels.count("confused") >= 6
    assert labels[-1] is None
    assert answer.to_json()["faces"][0]["probabilities"].keys() == {*EXPRESSIONS, "confused"}


@pytest.mark.parametrize(("model", "length"), [("other", 8 + D), ("m", 30)])
def test_another_model_is_told_in_words_and_nothing_is_guessed(model, length):
    adaptation = adapt(shots(7, 2, "confused"), "m")
    face = Reading(Face((0, 0, 9, 9), 0.9), embedding=(0.1,) * length).read((1 / 7,) * 7, 0.4)
    answer = adaptation.adapted(FrameReading(model=model, unsure_below=0.4, readings=(face,)))
    assert (answer.status, answer.error.code, answer.readings[0].label) == ("error", "other_model", None)
    assert "Make it again" in answer.error.message


EVEN = [float(np.log(1 / 7))] * 7 + [0.0] * 13


@pytest.mark.parametrize(
    ("label", "embedding", "message"),
    [
        ("unsure", EVEN, "no label of one's own"),
        (" padded", EVEN, "1 to 40 characters"),
        ("", EVEN, "1 to 40 characters"),
        ("confused", [0.0] * 8, "an embedding is"),
        ("confused", [0.0] * 20, "another kind of model"),
        ("confused", [float("nan")] * 20, "an embedding is"),
    ],
)
def test_shots_that_cannot_be_used_are_refused_in_words(label, embedding, message):
    with pytest.raises(ValueError, match=message):
        adapt([Shot(label, embedding)], "m")


def test_no_shots_and_shots_of_two_models_are_refused():
    with pytest.raises(ValueError, match="0 shots"):
        adapt([], "m")
    with pytest.raises(ValueError, match="differ in length"):
        adapt([Shot("sad", [0.0] * 20), Shot("sad", [0.0] * 21)], "m")


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"model": None},
        {"labels": ["happy"]},
        {"labels": ["a", "a"]},
        {"labels": [3]},
        {"labels": []},
        {"weights": [[1.0]]},
        {"weights": "x"},
        {"weights": None},
        {"weights": [[float("inf")] * 21] * 8},
        {"weights": [[0.0] * 21] * 7 + [[0.0]]},
    ],
)
def test_what_is_no_adaptation_is_refused_in_words(change):
    good = adapt(shots(7, 2, "confused"), "m").to_json()
    with pytest.raises(ValueError, match=r"^('happy'|two labels|3 |an adaptation|with \d)"):
        Adaptation.from_json({**good, **change})
