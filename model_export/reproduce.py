"""The shipped model from the pictures, in one command: ``python -m model_export.reproduce [SOURCE]``.

Training goes on from its last epoch, and runs at their end are not trained again, so the command may be stopped and
given again. ``--quick`` does all of it on a few hundred pictures in a minute or two, in a folder that it throws away,
to see that everything works; without prepared data it draws pictures for itself.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from classifier_service.classifier import MODELS
from model_export.data import CONTEMPT, FERPLUS_ORDER, SEVEN, Split, data_folder
from model_export.distill import tell_teachers
from model_export.evaluate import evaluate
from model_export.export import export
from model_export.few_shot import DRAWS, few_shot, write_into_card
from model_export.few_shot_faces import contempt
from model_export.prepare import mark_twins, prepare, read_source
from model_export.recipe import Recipe
from model_export.train import train
from moodstream.types import CROP_SIDE, EXPRESSIONS

log = logging.getLogger(__name__)

#: The runs behind the shipped file. Students learn from runs of earlier stages, and go on from the weights of one;
#: runs of a stage do not need each other: they are trained side by side, and share the cores. What each was when the
#: shipped file was made, with its log, is kept in ``docs/model/runs``. (A ``student-4`` was tried and led nowhere.)
TEACHERS = (Recipe(name="teacher-1", seed=1), Recipe(name="teacher-2", seed=2))
STUDENT = Recipe(start="teacher-2", teachers="teacher-1,teacher-2", taught=0.5)
STUDENTS = (
    replace(STUDENT, name="student-1", seed=3, epochs=30, decay_epochs=14, large_epochs=8),
    replace(STUDENT, name="student-2", seed=4, epochs=24, dim=0.25),
)
LONGER = Recipe(
    name="student-3",
    seed=7,
    start="student-1",
    teachers="teacher-1,teacher-2,student-1,student-2",
    taught=0.6,
    votes=0.4,
    epochs=72,
    decay_epochs=24,
    large_epochs=10,
    dim=0.15,
)
LAST = replace(
    LONGER,
    name="student-5",
    seed=9,
    start="student-3",
    teachers="teacher-1,teacher-2,student-1,student-3",
    epochs=80,
    decay_epochs=40,
    large_epochs=12,
)
STAGES = (TEACHERS, STUDENTS, (LONGER,), (LAST,))
SHIPPED = "student-5"
#: Threads of one run at most: with two it takes two thirds of the time, with more was not tried.
MOST_THREADS = 2
#: Where the plots of what ships are kept.
PLOTS = Path(__file__).parents[1] / "docs" / "model" / "figures"
#: Pictures of each split, epochs, and draws of shots, of the quick form.
QUICK_PICTURES, QUICK_EPOCHS, QUICK_DRAWS = 320, 2, 2


def reproduce(
    source: Path | None,
    stages: tuple[tuple[Recipe, ...], ...],
    shipped: str,
    folder: Path,
    plots: Path,
    *,
    draws: int = DRAWS,
) -> Path:
    """Prepare, train, distil, export, evaluate, measure adaptation; the model file, in ``folder`` with its card."""
    if source is not None and not prepared():
        prepare(source)
    for recipes in stages:
        for recipe in recipes:
            if recipe.teachers:
                tell_teachers(recipe)
        cores = os.cpu_count() or 1
        share = max(1, min(cores // len(recipes), MOST_THREADS))
        with ProcessPoolExecutor(min(cores, len(recipes)), get_context("spawn"), tell) as pool:
            list(pool.map(train, (replace(recipe, threads=share) for recipe in recipes)))
    file = export(shipped, "default", int8=True, folder=folder)
    evaluate(file, plots)
    write_into_card(file, few_shot(file, draws))
    return file


def prepared() -> bool:
    """Whether both splits lie in the data folder."""
    return all((data_folder() / f"{name}.npz").is_file() for name in ("train", "validation"))


def tell() -> None:
    """Let a process tell what it does."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")


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
        place = Path(folder)
        file = reproduce(None, (teachers, (student,)), "teacher-2+student", place, place / "plots", draws=QUICK_DRAWS)
        log.info("every step works: %s, %d bytes, was made and measured", file.name, file.stat().st_size)


def _few(source: Path | None) -> dict[str, Split]:
    """A few hundred pictures of each split, drawn where there is no data."""
    names = ("train", "validation")
    if source is not None:
        splits = mark_twins(read_source(source))
    elif prepared():
        splits = {name: Split.load(data_folder() / f"{name}.npz") for name in names}
    else:
        log.info("no prepared data: pictures are drawn")
        return {name: _drawn(seed) for seed, name in enumerate(names)}
    random = np.random.default_rng(0)
    return {name: _some(splits[name], random) for name in names}


def _some(split: Split, random: np.random.Generator) -> Split:
    """QUICK_PICTURES at random; a tenth shows contempt, which is rare, for adaptation to be measured."""
    order = random.permutation(len(split))
    rare = contempt(split)[order]
    wanted = QUICK_PICTURES // 10
    return split.take(np.concatenate([order[rare][:wanted], order[~rare][: QUICK_PICTURES - wanted]]))


def _drawn(seed: int) -> Split:
    """Pictures that tell their class by the place of a bright square."""
    random = np.random.default_rng(seed)
    labels = np.arange(QUICK_PICTURES) % len(EXPRESSIONS)
    images = random.integers(0, 120, (QUICK_PICTURES, CROP_SIDE, CROP_SIDE), np.uint8)
    votes = np.zeros((QUICK_PICTURES, len(FERPLUS_ORDER)), np.uint8)
    for number, (image, row, label) in enumerate(zip(images, votes, labels, strict=True)):
        image[6 * label : 6 * label + 8, 10:38] += 100
        row[CONTEMPT if number % 10 == 0 else SEVEN[label]] = 10
    return Split(images, labels, votes)


if __name__ == "__main__":
    tell()
    parser = argparse.ArgumentParser(prog="python -m model_export.reproduce", description=__doc__)
    parser.add_argument("source", type=Path, nargs="?", help="the pictures, as `prepare` takes them")
    parser.add_argument("--quick", action="store_true", help="a smoke test on a few hundred pictures")
    parser.add_argument("--bfloat16", action="store_true", help="faster on processors with AMX, slower on others")
    chosen = parser.parse_args()
    if chosen.quick:
        quick(chosen.source)
    else:
        stages = tuple(tuple(replace(recipe, bfloat16=chosen.bfloat16) for recipe in stage) for stage in STAGES)
        reproduce(chosen.source, stages, SHIPPED, MODELS, PLOTS)
