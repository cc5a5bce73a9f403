"""Preparing and choosing pictures, on ones made here."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from model_export.data import CONTEMPT, NOT_A_FACE, SEVEN, Split, fit_for_training, plurality, vote_shares
from model_export.prepare import VOTE_COLUMNS, VOTES, mark_twins, prepare, read_source
from moodstream.types import EXPRESSIONS

RANDOM = np.random.default_rng(3)


def pictures(n: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (n, 48, 48), np.uint8)


def write_originals(folder, images, usages):
    """``fer2013.csv`` and FER+'s votes beside it, as they are published; picture i has label and all votes i % 7."""
    with (folder / "fer2013.csv").open("w", newline="") as file, (folder / VOTES).open("w", newline="") as tagged:
        rows, votes = csv.writer(file), csv.writer(tagged)
        rows.writerow(["emotion", "pixels", "Usage"])
        votes.writerow(["Usage", "Image name", *VOTE_COLUMNS])
        for number, (image, usage) in enumerate(zip(images, usages, strict=True)):
            rows.writerow([number % 7, " ".join(map(str, image.ravel())), usage])
            columns = [10 * (column == SEVEN[number % 7]) for column in range(len(VOTE_COLUMNS))]
            votes.writerow([usage, f"fer{number:07}.png", *columns])
    return folder / "fer2013.csv"


def test_the_originals_are_prepared_and_private_test_only_looked_through_for_twins(tmp_path, monkeypatch):
    monkeypatch.setenv("MOODSTREAM_DATA", str(tmp_path / "data"))
    images = pictures(4)
    images[3] = images[1]
    prepare(write_originals(tmp_path, images, ["Training", "Training", "PublicTest", "PrivateTest"]))
    assert sorted(file.name for file in (tmp_path / "data").iterdir()) == ["train.npz", "validation.npz"]
    train, validation = (Split.load(tmp_path / "data" / f"{name}.npz") for name in ("train", "validation"))
    np.testing.assert_array_equal(train.images, images[:2])
    assert train.labels.tolist() == plurality(train).tolist() == [0, 1]
    assert validation.labels.tolist() == plurality(validation).tolist() == [2]
    assert train.twins.tolist() == [False, True]


def test_pictures_without_votes_or_with_those_of_others_are_refused_in_words(tmp_path):
    file = write_originals(tmp_path, pictures(3), ["Training", "Training", "PublicTest"])
    tagged = (tmp_path / VOTES).read_text().splitlines()
    (tmp_path / VOTES).write_text("\n".join(tagged[:-1]))
    with pytest.raises(ValueError, match=r"line 4: not the votes of the pictures in fer2013\.csv"):
        read_source(file)
    (tmp_path / VOTES).unlink()
    with pytest.raises(ValueError, match=r"fer2013new\.csv is missing: the taggers' votes"):
        read_source(file)
    for name in ("train", "validation"):
        Split(pictures(2), np.zeros(2, int)).save(tmp_path / f"fer2013-{name}.npz")
    with pytest.raises(ValueError, match="train and validation without FER\\+ votes"):
        read_source(tmp_path)


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
