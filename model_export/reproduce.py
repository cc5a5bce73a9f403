"""The shipped model from the pictures, in one command: ``python -m model_export.reproduce [SOURCE]``.

Every step is skipped if its result is there, and training goes on from its last epoch, so the command may be stopped
and given again. ``--quick`` does all of it on a few hundred pictures in a minute or two, in a folder that it throws
away, to see that everything works; without prepared data it draws pictures for itself.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from classifier_service.classifier import MODELS
from model_export.data import FERPLUS_ORDER, Split, data_folder
from model_export.distill import tell_teachers
from model_export.evaluate import evaluate
from model_export.export import export
from model_export.prepare import prepare
from model_export.recipe import Recipe
from model_export.train import train
from moodstream.types import CROP_SIDE, EXPRESSIONS

log = logging.getLogger(__name__)

#: The runs behind the shipped file: two from scratch teach the third, all three the fourth, which sees dim rooms too.
#: Each student goes on from the weights of a teacher. What ships is the mean of the last two.
TEACHERS = (Recipe(name="teacher-1", seed=1), Recipe(name="teacher-2", seed=2))
DISTILLED = Recipe(
    name="distil-1",
    seed=3,
    start="teacher-1",
    teachers="teacher-1,teacher-2",
    taught=0.5,
    epochs=30,
    decay_epochs=14,
    large_epochs=8,
)
DIM = replace(
    DISTILLED, name="distil-2", seed=4, start="distil-1", teachers="teacher-1,teacher-2,distil-1", epochs=24, dim=0.25
)
RUNS = (*TEACHERS, DISTILLED, DIM)
SHIPPED = "distil-1+distil-2"
#: Pictures of each split, and epochs, of the quick form.
QUICK_PICTURES, QUICK_EPOCHS = 320, 2


def reproduce(source: Path | None, runs: tuple[Recipe, ...], shipped: str, folder: Path) -> Path:
    """Prepare, train, distil, export, evaluate; the model file in ``folder``, its figures and plots beside it."""
    if source is not None and not (data_folder() / "train.npz").is_file():
        prepare(source)
    for recipe in runs:
        log.info("run %s", recipe.name)
        if recipe.teachers:
            tell_teachers(recipe)
        train(recipe)
    file = export(shipped, "default", int8=True, folder=folder)
    evaluate(file, folder / "figures")
    return file


def quick(source: Path | None) -> None:
    """All steps, small, in a folder of their own."""
    splits = _few(source)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(MOODSTREAM_DATA=f"{folder}/data", MOODSTREAM_RUNS=f"{folder}/runs")
        for name, split in splits.items():
            split.save(data_folder() / f"{name}.npz")
        small = Recipe(epochs=QUICK_EPOCHS, decay_epochs=1, large_epochs=1, width=8, batch=32, average=0.9)
        teachers = tuple(replace(small, name=f"teacher-{seed}", seed=seed) for seed in (1, 2))
        student = replace(small, name="student", start="teacher-2", teachers="teacher-1,teacher-2", dim=0.25)
        file = reproduce(None, (*teachers, student), "teacher-2+student", Path(folder))
        log.info("every step works: %s, %d bytes, was made and measured", file.name, file.stat().st_size)


def _few(source: Path | None) -> dict[str, Split]:
    """A few hundred pictures of each split, drawn where there is no data."""
    if not (data_folder() / "train.npz").is_file():
        if source is None:
            log.info("no prepared data: pictures are drawn")
            return {name: _drawn(seed) for seed, name in enumerate(("train", "validation"))}
        prepare(source)
    splits = {name: Split.load(data_folder() / f"{name}.npz") for name in ("train", "validation")}
    random = np.random.default_rng(0)
    return {name: split.take(random.permutation(len(split))[:QUICK_PICTURES]) for name, split in splits.items()}


def _drawn(seed: int) -> Split:
    """Pictures that tell their class by the place of a bright square."""
    random = np.random.default_rng(seed)
    labels = np.arange(QUICK_PICTURES) % len(EXPRESSIONS)
    images = random.integers(0, 120, (QUICK_PICTURES, CROP_SIDE, CROP_SIDE), np.uint8)
    votes = np.zeros((QUICK_PICTURES, len(FERPLUS_ORDER)), np.uint8)
    for image, row, label in zip(images, votes, labels, strict=True):
        image[6 * label : 6 * label + 8, 10:38] += 100
        row[FERPLUS_ORDER.index(EXPRESSIONS[label])] = 10
    return Split(images, labels, votes)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(prog="python -m model_export.reproduce", description=__doc__)
    parser.add_argument("source", type=Path, nargs="?", help="the pictures, as `prepare` takes them")
    parser.add_argument("--quick", action="store_true", help="a smoke test on a few hundred pictures")
    parser.add_argument("--bfloat16", action="store_true", help="faster on processors with AMX, slower on others")
    chosen = parser.parse_args()
    if chosen.quick:
        quick(chosen.source)
    else:
        runs = tuple(replace(recipe, bfloat16=chosen.bfloat16) for recipe in RUNS)
        reproduce(chosen.source, runs, SHIPPED, MODELS)
