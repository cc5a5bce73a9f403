"""Preparing and choosing pictures, on ones made here."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from model_export.data import CONTEMPT, NOT_A_FACE, Split, fit_for_training, plurality, vote_shares
from model_export.evaluate import calibration_error
from model_export.prepare import mark_twins, read_source
from moodstream.types import EXPRESSIONS

RANDOM = np.random.default_rng(3)


def pictures(n: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (n, 48, 48), np.uint8)


def test_the_original_csv_is_read_and_its_private_test_left_out(tmp_path):
    images = pictures(4)
    with (tmp_path / "fer2013.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["emotion", "pixels", "Usage"])
        for image, label, usage in zip(
            images, [3, 6, 0, 1], ["Training", "Training", "PublicTest", "PrivateTest"], strict=True
        ):
            rows.writerow([label, " ".join(map(str, image.ravel())), usage])
    splits = read_source(tmp_path / "fer2013.csv")
    np.testing.assert_array_equal(splits["train"].images, images[:2])
    assert splits["train"].labels.tolist() == [3, 6]
    assert splits["validation"].labels.tolist() == [0]


def test_a_folder_of_jpegs_is_read(tmp_path):
    for part in ("train", "test"):
        for name in ("angry", "surprised"):
            (tmp_path / part / name).mkdir(parents=True)
            cv2.imwrite(str(tmp_path / part / name / "a.jpg"), pictures(1)[0])
    splits = read_source(tmp_path)
    assert [EXPRESSIONS[i] for i in splits["train"].labels] == ["angry", "surprise"]


def test_a_strange_folder_is_refused_in_words(tmp_path):
    with pytest.raises(ValueError, match=r"expected fer2013\.csv"):
        read_source(tmp_path)


def test_twins_of_validation_are_marked_and_not_learnt_from():
    images = pictures(5)
    splits = mark_twins({"train": Split(images, np.zeros(5, int)), "validation": Split(images[3:4], np.zeros(1, int))})
    assert splits["train"].twins.tolist() == [False, False, False, True, False]
    assert fit_for_training(splits["train"]).tolist() == [True, True, True, False, True]


def test_contempt_no_face_and_blank_pictures_are_not_learnt_from():
    images, votes = pictures(4), np.zeros((4, 10), np.uint8)
    images[3] = 90
    votes[0, CONTEMPT] = votes[1, NOT_A_FACE] = votes[2, 1] = votes[3, 1] = 10
    split = Split(images, np.zeros(4, int), votes)
    assert fit_for_training(split).tolist() == [False, False, True, False]
    assert plurality(split).tolist() == [-1, -1, EXPRESSIONS.index("happy"), EXPRESSIONS.index("happy")]
    shares, voted = vote_shares(split)
    assert voted.tolist() == [False, False, True, True]
    assert shares[2, EXPRESSIONS.index("happy")] == 1


def test_saved_splits_come_back(tmp_path):
    split = Split(pictures(3), np.array([1, 2, 3]), np.ones((3, 10), np.uint8), np.array([True, False, True]))
    split.save(tmp_path / "x.npz")
    back = Split.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(back.images, split.images)
    np.testing.assert_array_equal(back.votes, split.votes)
    assert back.twins.tolist() == [True, False, True]


def test_calibration_error_is_the_gap_between_word_and_vote():
    probabilities = np.full((10, 7), 0.2 / 6, np.float32)
    probabilities[:, 0] = 0.8
    shares = np.zeros((10, 7), np.float32)
    shares[:, 0] = 0.5
    assert calibration_error(probabilities, shares, np.ones(10, bool)) == pytest.approx(0.3, abs=1e-6)
