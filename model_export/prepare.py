"""Bring FER-2013 into one form: ``python -m model_export.prepare SOURCE``.

SOURCE is the original ``fer2013.csv`` with the taggers' votes, ``fer2013new.csv`` of FER+, beside it, or a folder with
``fer2013-train.npz`` and ``fer2013-validation.npz``. Writes ``train.npz`` and ``validation.npz`` into the data folder.
"""

from __future__ import annotations

import argparse
import csv
import logging
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_export.data import Split, data_folder
from moodstream.types import CROP_SIDE

log = logging.getLogger(__name__)

#: What the pictures of each usage are to us. Of those held back only the pixels are looked at, for twins.
USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "held_back"}
VOTES = "fer2013new.csv"
#: FER+ names its columns like this.
VOTE_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)


def read_source(source: Path) -> dict[str, Split]:
    """The splits ``train`` and ``validation``, and ``held_back`` where it is known, of any of the known forms.

    Raises:
        ValueError: the source has none of them, or lacks votes; the message says what was looked for.
    """
    if source.is_file() and source.suffix == ".csv":
        splits = read_csv(source)
    elif (source / "fer2013-train.npz").is_file():
        splits = read_archives(source)
    else:
        raise ValueError(f"{source}: expected fer2013.csv, or a folder with fer2013-train.npz")
    if without := [name for name in ("train", "validation") if splits[name].votes is None]:
        raise ValueError(f"{source}: {' and '.join(without)} without FER+ votes, which the answers are to follow")
    return splits


def read_csv(file: Path) -> dict[str, Split]:
    """The original file: columns emotion (our order), pixels (2304 numbers) and Usage; row by row the votes beside it.

    Raises:
        ValueError: there are no votes, or they are of other pictures, or a picture has another size.
    """
    beside = file.with_name(VOTES)
    if not beside.is_file():
        raise ValueError(f"{beside} is missing: the taggers' votes of FER+, which the answers are to follow")
    images: dict[str, list[npt.NDArray[np.uint8]]] = {name: [] for name in USAGES.values()}
    labels: dict[str, list[int]] = {name: [] for name in USAGES.values()}
    votes: dict[str, list[list[int]]] = {name: [] for name in USAGES.values()}
    with file.open(newline="") as rows, beside.open(newline="") as tagged:
        for number, (row, told) in enumerate(zip_longest(csv.DictReader(rows), csv.DictReader(tagged)), 2):
            if row is None or told is None or row["Usage"] != told["Usage"]:
                raise ValueError(f"{beside}, line {number}: not the votes of the pictures in {file.name}")
            pixels = np.array(row["pixels"].split(), np.uint8)
            if pixels.size != CROP_SIDE**2:
                raise ValueError(f"{file}, line {number}: {pixels.size} pixels, expected {CROP_SIDE**2}")
            name = USAGES[row["Usage"]]
            images[name].append(pixels.reshape(CROP_SIDE, CROP_SIDE))
            labels[name].append(int(row["emotion"]))
            votes[name].append([int(told[column]) for column in VOTE_COLUMNS])
    return {
        name: Split(np.stack(images[name]), np.array(labels[name]), np.array(votes[name], np.uint8))
        for name in images
        if images[name]
    }


def read_archives(folder: Path) -> dict[str, Split]:
    """``fer2013-train.npz`` and ``fer2013-validation.npz``, and the marks of twins if they lie beside."""
    splits = {name: Split.load(folder / f"fer2013-{name}.npz") for name in ("train", "validation")}
    marks = folder / "fer2013-train-twins.npz"
    if marks.is_file():
        with np.load(marks) as twins:
            marked = twins["of_private_test"] | twins["of_validation"]
        splits["train"] = replace(splits["train"], twins=marked)
    return splits


def mark_twins(splits: dict[str, Split]) -> dict[str, Split]:
    """Mark the training pictures that stand, to the pixel, in another split, unless marks came with the source."""
    train = splits["train"]
    if train.twins is not None:
        return splits
    held_out = {image.tobytes() for name, split in splits.items() if name != "train" for image in split.images}
    twins = np.array([image.tobytes() in held_out for image in train.images])
    return {**splits, "train": replace(train, twins=twins)}


def prepare(source: Path) -> None:
    """Read a source and write the splits, but not what is held back."""
    splits = mark_twins(read_source(source))
    for name in ("train", "validation"):
        split = splits[name]
        file = data_folder() / f"{name}.npz"
        split.save(file)
        twins = 0 if split.twins is None else int(split.twins.sum())
        log.info("%s: %d pictures, %d twins of held-out ones", file, len(split), twins)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m model_export.prepare", description=__doc__)
    parser.add_argument("source", type=Path)
    try:
        prepare(parser.parse_args().source)
    except (OSError, ValueError) as error:
        raise SystemExit(str(error)) from None
