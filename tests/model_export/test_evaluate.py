"""Figures, of answers made here."""

from __future__ import annotations

import numpy as np
import pytest

from model_export.evaluate import RESAMPLES, calibration_error, classes, log_loss, rates
from moodstream.types import EXPRESSIONS


def test_calibration_error_is_the_gap_between_word_and_vote():
    probabilities = np.full((10, 7), 0.2 / 6, np.float32)
    probabilities[:, 0] = 0.8
    shares = np.zeros((10, 7), np.float32)
    shares[:, 0] = 0.5
    assert calibration_error(probabilities, shares, np.ones(10, bool)) == pytest.approx(0.3, abs=1e-6)


def test_log_loss_is_that_of_guessing_where_nothing_is_known():
    guess, truth = np.full((5, 7), 1 / 7, np.float32), np.eye(7, dtype=np.float32)[:5]
    assert log_loss(guess, truth) == pytest.approx(np.log(7), abs=1e-6)
    assert log_loss(truth, truth) == 0


def test_recall_and_precision_of_each_expression():
    truth = np.repeat(np.arange(7), 20)
    answers = np.where(np.arange(140) < 10, 1, truth)  # half of the angry ones are taken for disgust
    found = classes(truth, answers)
    assert (found["recall"]["angry"], found["recall"]["disgust"]) == (0.5, 1)
    assert (found["precision"]["angry"], found["precision"]["disgust"]) == (1, pytest.approx(2 / 3, abs=1e-4))
    assert found["balanced_accuracy"] == pytest.approx(6.5 / 7, abs=1e-4)
    assert found["recall_interval"]["happy"] == [1, 1]
    assert np.sum(found["confusion"]) == 140


def test_an_expression_that_is_not_there_takes_nothing_from_the_mean():
    assert classes(np.full(10, 3), np.full(10, 3))["balanced_accuracy"] == 1


def test_intervals_are_those_of_pictures_drawn_again():
    random = np.random.default_rng(1)
    truth = random.integers(0, 7, 500)
    answers = np.where(random.random(500) < 0.6, truth, random.integers(0, 7, 500))
    matrices = np.zeros((RESAMPLES, 7, 7), np.int64)
    for matrix in matrices:
        drawn = random.integers(0, 500, 500)
        np.add.at(matrix, (truth[drawn], answers[drawn]), 1)
    recall, precision, balanced = rates(matrices)
    found = classes(truth, answers)
    for values, measure in ((recall, "recall"), (precision, "precision")):
        told = np.array([found[f"{measure}_interval"][name] for name in EXPRESSIONS]).T
        np.testing.assert_allclose(told, np.quantile(values, [0.025, 0.975], 0), atol=0.035)
    np.testing.assert_allclose(found["balanced_accuracy_interval"], np.quantile(balanced, [0.025, 0.975]), atol=0.01)
