"""Bring FER-2013 into one form: ``python -m model_export.prepare SOURCE``.

SOURCE is the original ``fer2013.csv``, a folder of JPEGs (``train/angry/*.jpg``, ``test/…``), or a folder with
``fer2013-train.npz`` and ``fer2013-validation.npz``. Writes ``train.npz`` and ``validation.npz`` into the data folder.
"""

from __future__ import annotations

import argparse
import csv
import logging
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from model_export.data import Split, data_folder
from moodstream.types import CROP_SIDE, EXPRESSIONS

log = logging.getLogger(__name__)

USAGES = {"Training": "train", "PublicTest": "validation"}  # PrivateTest stays held back
FOLDERS = {"train": "train", "validation": "test"}


def read_source(source: Path) -> dict[str, Split]:
    """The splits ``train`` and ``validation`` of any of the known forms.

    Raises:
        ValueError: the source has none of them; the message says what was looked for.
    """
    if source.is_file() and source.suffix == ".csv":
        return read_csv(source)
    if (source / "fer2013-train.npz").is_file():
        return read_archives(source)
    if (source / "train").is_dir():
        return {name: read_folder(source / folder) for name, folder in FOLDERS.items()}
    raise ValueError(f"{source}: expected fer2013.csv, a folder with train/ and test/, or one with fer2013-train.npz")


def read_csv(file: Path) -> dict[str, Split]:
    """The original file: columns emotion (our order), pixels (2304 numbers) and Usage."""
    images: dict[str, list[npt.NDArray[np.uint8]]] = {name: [] for name in USAGES.values()}
    labels: dict[str, list[int]] = {name: [] for name in USAGES.values()}
    with file.open(newline="") as rows:
        for number, row in enumerate(csv.DictReader(rows), 2):
            name = USAGES.get(row["Usage"])
            if name is None:
                continue
            pixels = np.array(row["pixels"].split(), np.uint8)
            if pixels.size != CROP_SIDE**2:
                raise ValueError(f"{file}, line {number}: {pixels.size} pixels, expected {CROP_SIDE**2}")
            images[name].append(pixels.reshape(CROP_SIDE, CROP_SIDE))
            labels[name].append(int(row["emotion"]))
    return {name: Split(np.stack(images[name]), np.array(labels[name])) for name in images}


def read_folder(folder: Path) -> Split:
    """JPEGs in one folder an expression; ``surprised`` and ``disgusted`` and their like are understood."""
    images, labels = [], []
    for sub in sorted(path for path in folder.iterdir() if path.is_dir()):
        label = next((i for i, name in enumerate(EXPRESSIONS) if sub.name.lower().startswith(name[:4])), None)
        if label is None:
            raise ValueError(f"{sub}: the folder's name is none of {', '.join(EXPRESSIONS)}")
        for file in sorted(sub.iterdir()):
            image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
            if image is None or image.shape != (CROP_SIDE, CROP_SIDE):
                raise ValueError(f"{file}: not a {CROP_SIDE}x{CROP_SIDE} picture")
            images.append(image.astype(np.uint8))
            labels.append(label)
    if not images:
        raise ValueError(f"{folder}: no pictures")
    return Split(np.stack(images), np.array(labels))


def read_archives(folder: Path) -> dict[str, Split]:
    """``fer2013-train.npz`` and ``fer2013-validation.npz``, and the marks of twins if they lie beside."""
    splits = {name: Split.load(folder / f"fer2013-{name}.npz") for name in FOLDERS}
    marks = folder / "fer2013-train-twins.npz"
    if marks.is_file():
        with np.load(marks) as twins:
            marked = twins["of_private_test"] | twins["of_validation"]
        splits["train"] = replace(splits["train"], twins=marked)
    return splits


def mark_twins(splits: dict[str, Split]) -> dict[str, Split]:
    """Mark the training pictures that stand, to the pixel, in validation, unless marks came with the source."""
    train = splits["train"]
    if train.twins is not None:
        return splits
    held_out = {image.tobytes() for image in splits["validation"].images}
    twins = np.array([image.tobytes() in held_out for image in train.images])
    return {**splits, "train": replace(train, twins=twins)}


def prepare(source: Path) -> None:
    """Read a source and write the splits."""
    for name, split in mark_twins(read_source(source)).items():
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
