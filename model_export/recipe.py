"""Every knob of a training run."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields

from model_export.net import WIDTH


@dataclass(frozen=True)
class Recipe:
    """Every knob of a run; each is also an option of the command."""

    name: str = "default"
    seed: int = 1
    epochs: int = 48
    decay_epochs: int = 12  # the rate stays at its peak until these last epochs, in which it falls to zero
    large_epochs: int = 6  # the last epochs see whole pictures, the others windows of `window` pixels
    window: int = 40
    width: int = WIDTH  # channels of the first stage
    batch: int = 128
    rate: float = 0.02  # of the convolutions' kernels (Muon)
    plain_rate: float = 0.1  # of all other parameters (stochastic gradient descent)
    warmup_epochs: float = 1.0
    weight_decay: float = 0.01
    votes: float = 0.5  # weight of the taggers' votes in the loss; the rest is the original label's
    smoothing: float = 0.05
    average: float = 0.998  # decay of the moving average of the weights
    threads: int = 1
    bfloat16: bool = False  # multiply in 16 bits: 1.5 times as fast on processors with AMX, slower on others
    start: str = ""  # name of a finished run whose averaged weights to begin with; empty means from scratch
    pictures: int = 0  # learn from so many pictures only; 0 means all (for a quick try)
    architecture: str = "ours"  # or cnn, or mobilenet_v2
    optimiser: str = "muon"  # or adam, for all parameters at `rate`
    augmented: bool = True  # show random views of the pictures rather than the pictures
    dim: float = 0.0  # share of the views that look as in a dim room: dark, with the camera's noise
    twins: bool = False  # learn from twins of held-out pictures too: to see what they would give
    weights: str = ""  # mobilenet_v2: a pretrained backbone's file, or `hub` if it is reached; empty means from scratch
    frozen_epochs: int = 0  # the first epochs train the heads alone
    teachers: str = ""  # names of runs, with commas between, whose mean answers are targets too
    taught: float = 0.7  # weight of the teachers' answers in the targets; the rest is label and votes


def add_options(parser: argparse.ArgumentParser) -> None:
    """One option for each knob of a recipe."""
    for field in fields(Recipe):
        option = f"--{field.name.replace('_', '-')}"
        if isinstance(field.default, bool):
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            parser.add_argument(option, type=type(field.default), default=field.default)
