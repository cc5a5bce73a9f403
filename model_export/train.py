"""Train the net: ``python -m model_export.train [--name RUN] [--epochs N] …``.

Checkpoints after every epoch and every two minutes into the runs folder, and goes on from there when called again.
Writes ``checkpoint.pt`` and ``log.jsonl`` (one line an epoch, its seconds the processor's). Validation is only looked
at, never learnt from.
"""

from __future__ import annotations

import argparse
import copy
import fcntl
import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model_export.answers import answers_of, taught
from model_export.architectures import load_net, make_net
from model_export.augment import augment, dim
from model_export.data import Split, data_folder, fit_for_training, plurality, runs_folder, vote_shares
from model_export.mobilenet import HubUnreachableError
from model_export.muon import Muon
from model_export.net import scale
from model_export.recipe import Recipe, add_options
from moodstream.types import EXPRESSIONS

log = logging.getLogger(__name__)

#: An epoch that takes longer is checkpointed on its way.
SAVE_EVERY_S = 120
#: Where a run stands, beside the states of its net, optimisers and random numbers.
PLACE = ("epoch", "step", "losses", "order", "seconds", "worked", "log")


def targets(split: Split, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """What the two heads should answer, each float32 (n, 7): softened labels, and shares of the votes.

    Rows of the votes are zero where nobody voted, and then cost nothing.
    """
    labels = torch.from_numpy(np.eye(len(EXPRESSIONS), dtype=np.float32)[split.labels])
    labels = labels * (1 - recipe.smoothing) + recipe.smoothing / len(EXPRESSIONS)
    return labels, torch.from_numpy(vote_shares(split)[0])


def relative_rate(recipe: Recipe, epoch: float) -> float:
    """Share of the peak rate: linear warm-up, a plateau, linear decay; ``epoch`` counts from 0, may be a fraction."""
    up = epoch / recipe.warmup_epochs if recipe.warmup_epochs else 1.0
    down = (recipe.epochs - epoch) / recipe.decay_epochs if recipe.decay_epochs else 1.0
    return max(min(1.0, up, down), 0.0)


def optimisers(recipe: Recipe, parameters: list[nn.Parameter]) -> tuple[list[torch.optim.Optimizer], list[float]]:
    """What takes the steps, and the peak rate of each."""
    if recipe.optimiser == "adam":
        return [torch.optim.AdamW(parameters, recipe.rate, weight_decay=recipe.weight_decay)], [recipe.rate]
    if recipe.optimiser != "muon":
        raise SystemExit(f"--optimiser {recipe.optimiser}: there are muon and adam")
    kernels, others = [p for p in parameters if p.ndim == 4], [p for p in parameters if p.ndim != 4]
    steps = [
        Muon(kernels, recipe.rate, weight_decay=recipe.weight_decay),
        torch.optim.SGD(others, recipe.plain_rate, momentum=0.9, nesterov=True),
    ]
    return steps, [recipe.rate, recipe.plain_rate]


class Run:
    """One training run: net, moving average, optimiser and where it stands; resumable.

    It stands at a step of an epoch, whose losses so far sum up to ``losses`` and whose pictures come in ``order``.
    ``seconds`` are the processor's, those of the epoch so far ``worked``.
    """

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.epoch, self.step, self.losses, self.order = 0, 0, 0.0, torch.empty(0, dtype=torch.int64)
        self.seconds, self.worked, self._saved = 0.0, 0.0, time.monotonic()
        self.counted = time.process_time()  # the time up to here is in `seconds`, or not the run's
        self.log: list[dict[str, Any]] = []
        torch.manual_seed(recipe.seed)
        self.random = torch.Generator().manual_seed(recipe.seed)
        self.net = make_net(recipe.architecture, recipe.width, recipe.weights).to(memory_format=torch.channels_last)
        if recipe.start:
            self.net.load_state_dict(load_net(recipe.start)[0].state_dict())
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.optimisers, self.peaks = optimisers(recipe, list(self.net.parameters()))

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def count(self) -> None:
        """Add the processor's time since the last count."""
        since, self.counted = self.counted, time.process_time()
        self.worked += self.counted - since
        self.seconds += self.counted - since

    def save(self) -> None:
        self.count()
        self._saved = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {
            "recipe": asdict(self.recipe),
            **{name: getattr(self, name) for name in PLACE},
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [o.state_dict() for o in self.optimisers],
            "random": self.random.get_state(),
            "torch_random": torch.get_rng_state(),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)
        (self.folder / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in self.log))

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one; in other threads or arithmetic if need be.

        Raises:
            SystemExit: the checkpoint belongs to another recipe.
        """
        if not self.checkpoint.is_file():
            return
        state = torch.load(self.checkpoint, weights_only=True)
        same = replace(Recipe(**state["recipe"]), threads=self.recipe.threads, bfloat16=self.recipe.bfloat16)
        if same != self.recipe:
            raise SystemExit(f"{self.folder} was made by another recipe: choose another --name, or delete the folder")
        for name in PLACE:
            setattr(self, name, state.get(name, getattr(self, name)))
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        self.random.set_state(state["random"])
        torch.set_rng_state(state["torch_random"])
        log.info("resumed after epoch %d%s", self.epoch, f" and {self.step} steps" if self.step else "")

    def train_epoch(self, images: Tensor, labels: Tensor, votes: Tensor) -> float:
        """The rest of a pass over uint8 pictures (n, 48, 48) with the heads' targets (n, 7); the mean loss of all."""
        recipe = self.recipe
        whole = self.epoch >= recipe.epochs - recipe.large_epochs or not self.net.takes_windows
        size = images.shape[-1] if whole else recipe.window
        if not self.step:
            self.order = torch.randperm(len(images), generator=self.random)
        steps = len(self.order) // recipe.batch
        self.net.train()
        if self.epoch < recipe.frozen_epochs:
            self.net.features.eval()  # its batch statistics stay too
        self.net.features.requires_grad_(self.epoch >= recipe.frozen_epochs)
        while self.step < steps:
            chosen = self.order[self.step * recipe.batch : (self.step + 1) * recipe.batch]
            rate = relative_rate(recipe, self.epoch + (self.step + 0.5) / steps)
            view = scale(images[chosen])
            if recipe.augmented:
                view = augment(view, size, self.random)
            if recipe.dim:
                view = dim(view, recipe.dim, self.random)
            view = view.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                label, vote, _ = self.net.heads(view)
            loss = (1 - recipe.votes) * F.cross_entropy(label.float(), labels[chosen])
            loss = loss + recipe.votes * F.cross_entropy(vote.float(), votes[chosen])
            self.net.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            for optimiser, peak in zip(self.optimisers, self.peaks, strict=True):
                optimiser.param_groups[0]["lr"] = peak * rate
                optimiser.step()
            self._update_average()
            self.losses += loss.item()
            self.step += 1
            if self.step < steps and time.monotonic() - self._saved > SAVE_EVERY_S:
                self.save()
                log.info("%s, epoch %d: %d of %d steps", recipe.name, self.epoch + 1, self.step, steps)
        loss = self.losses / steps
        self.epoch, self.step, self.losses = self.epoch + 1, 0, 0.0
        return loss

    @torch.no_grad()
    def _update_average(self) -> None:
        ours, theirs = self.average.state_dict(), self.net.state_dict()
        for name, value in ours.items():
            if value.is_floating_point():
                value.lerp_(theirs[name], 1 - self.recipe.average)
            else:
                value.copy_(theirs[name])


def train(recipe: Recipe) -> Path:
    """Run the recipe to its end, from its checkpoint if there is one; the folder with the result.

    Raises:
        SystemExit: another process trains this run, or its folder is another recipe's.
    """
    with alone(runs_folder() / recipe.name):
        return _train(recipe)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a run's folder, so that no two processes write into it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"{folder}: another process trains this run; wait for it, or end it first") from None
        yield


def _train(recipe: Recipe) -> Path:
    torch.set_num_threads(recipe.threads)
    train_split = Split.load(data_folder() / "train.npz")
    validation = Split.load(data_folder() / "validation.npz")
    train_split = train_split.take(fit_for_training(train_split, recipe.twins))
    if len(train_split) < recipe.batch or 0 < recipe.pictures < recipe.batch:
        raise SystemExit(f"--batch {recipe.batch}: there are fewer pictures to learn from")
    if recipe.pictures:
        train_split = train_split.take(np.arange(min(recipe.pictures, len(train_split))))
    crowd = plurality(validation)
    voted = recipe.votes > 0 and (crowd >= 0).any()  # a head that learnt nothing is not measured
    try:
        run = Run(recipe, runs_folder() / recipe.name)
    except HubUnreachableError as error:
        log.warning("%s: training all of the net from scratch. --weights FILE takes a local file", error)
        recipe = replace(recipe, weights="", frozen_epochs=0)
        run = Run(recipe, runs_folder() / recipe.name)
    run.resume()
    images, (labels, votes) = torch.from_numpy(train_split.images), targets(train_split, recipe)
    if recipe.teachers:
        labels, votes = taught(labels, votes, train_split.images, recipe)
    begin = recipe.start or recipe.weights or "scratch"
    log.info("%d pictures, %d epochs, from %s, into %s", len(images), recipe.epochs, begin, run.folder)
    run.counted = time.process_time()
    while run.epoch < recipe.epochs:
        began, share = time.monotonic(), 1 - run.step / (len(images) // recipe.batch)
        loss = run.train_epoch(images, labels, votes)
        told, seen = (logits.argmax(1) for logits in answers_of(run.average, validation.images)[:2])
        run.count()
        line = {
            "epoch": run.epoch,
            "loss": round(loss, 4),
            "validation": round(float((told == validation.labels).mean()), 4),
            "validation_ferplus": round(float((seen == crowd)[crowd >= 0].mean()), 4) if voted else None,
            "seconds": round(run.worked, 1),
        }
        run.log.append(line)
        run.worked = 0.0
        run.save()
        left = (time.monotonic() - began) / share * (recipe.epochs - run.epoch) / 60
        log.info("%s %s, about %.0f min left", recipe.name, json.dumps(line), left)
    return run.folder


def _recipe_from_command_line() -> Recipe:
    parser = argparse.ArgumentParser(prog="python -m model_export.train", description="Train the expression net.")
    add_options(parser)
    return Recipe(**vars(parser.parse_args()))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    train(_recipe_from_command_line())
