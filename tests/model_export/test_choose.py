"""What is chosen on validation."""

from __future__ import annotations

import numpy as np

from model_export.choose import choose_mix, choose_threshold, fit_temperature, softmax, try_mixes
from model_export.data import SEVEN, Split

RANDOM = np.random.default_rng(5)


def test_the_mix_follows_the_head_that_is_right():
    crowd = np.arange(70) % 7
    labels = (crowd + 1) % 7
    votes = np.zeros((70, 10), np.uint8)
    votes[np.arange(70), np.array(SEVEN)[crowd]] = 10
    split = Split(RANDOM.integers(0, 256, (70, 48, 48), np.uint8), labels, votes)
    sure = (np.eye(7)[crowd] * 9).astype(np.float32)
    other = (np.eye(7)[labels] * 0.1).astype(np.float32)
    assert choose_mix(try_mixes(other, sure, split)) > 0
    assert choose_mix(try_mixes(sure, other, split)) < 1
    (votes_alone,) = (row for row in try_mixes(other, sure, split) if row["mix"] == 1)
    assert (votes_alone["accuracy"], votes_alone["accuracy_ferplus"]) == (0, 1)
    without_votes = Split(split.images, labels, None)
    assert choose_mix(try_mixes(sure, (np.eye(7)[labels] * 9).astype(np.float32), without_votes)) > 0.5


def test_the_temperature_undoes_too_much_confidence():
    logits = RANDOM.normal(0, 1.5, (4000, 7)).astype(np.float32)
    assert abs(fit_temperature(logits * 2, softmax(logits, 1.0)) - 2) < 0.05


def test_a_word_is_withheld_where_it_is_wrong_as_often_as_right():
    confidence = RANDOM.uniform(0.2, 1, 6000)
    probabilities = np.full((6000, 7), 0.0, np.float32) + ((1 - confidence) / 6)[:, None].astype(np.float32)
    probabilities[:, 3] = confidence
    crowd = np.where(RANDOM.random(6000) < confidence, 3, 0)  # right as often as it says
    assert abs(choose_threshold(probabilities, crowd) - 0.5) < 0.08
