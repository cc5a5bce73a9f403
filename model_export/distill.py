"""Teach a net by several: ``python -m model_export.distill --teachers RUN,RUN --name RUN [knobs of train]``.

The student learns what its teachers answer on the mean, mixed with labels and votes by ``--taught``; it is trained,
checkpointed and resumed like any other run. The teachers answer once, on every picture and its mirror image.
"""

from __future__ import annotations

import argparse
import logging

import torch

from model_export.answers import ensemble
from model_export.data import Split, data_folder, plurality
from model_export.recipe import Recipe, add_options
from model_export.train import train

log = logging.getLogger(__name__)


def tell_teachers(recipe: Recipe) -> None:
    """Log what the teachers reach together on validation, with each head: what the student can hope for."""
    torch.set_num_threads(recipe.threads)
    validation = Split.load(data_folder() / "validation.npz")
    crowd = plurality(validation)
    label, votes = (head.argmax(1).numpy() for head in ensemble(recipe.teachers.split(","), validation.images))
    on_labels = (label == validation.labels).mean()
    on_votes = (votes == crowd)[crowd >= 0].mean() if (crowd >= 0).any() else float("nan")
    log.info("teachers on validation: label head %.4f on labels, vote head %.4f on FER+", on_labels, on_votes)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(prog="python -m model_export.distill", description=__doc__)
    add_options(parser)
    chosen = Recipe(**vars(parser.parse_args()))
    if not chosen.teachers:
        parser.error("--teachers: name at least one finished run")
    tell_teachers(chosen)
    train(chosen)
