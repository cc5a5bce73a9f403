"""The nets that can be trained, by name, and those that were, by run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model_export.cnn import Cnn
from model_export.data import runs_folder
from model_export.mobilenet import MobileNetV2, load_backbone
from model_export.net import ExpressionNet, TwoHeads
from model_export.recipe import Recipe

ARCHITECTURES = ("ours", "cnn", "mobilenet_v2")


def make_net(architecture: str, width: int, weights: str = "") -> TwoHeads:
    """A net with fresh weights, or with a pretrained backbone.

    Raises:
        SystemExit: the name or the weights cannot be used.
    """
    if architecture not in ARCHITECTURES:
        raise SystemExit(f"--architecture {architecture}: there are {', '.join(ARCHITECTURES)}")
    if weights and architecture != "mobilenet_v2":
        raise SystemExit("--weights are for mobilenet_v2: the other nets are trained on these pictures alone")
    if architecture == "cnn":
        return Cnn()
    if architecture == "ours":
        return ExpressionNet(width)
    net = MobileNetV2()
    if weights:
        load_backbone(net, weights)
    return net


def load_net(run: str) -> tuple[TwoHeads, dict[str, Any]]:
    """The averaged net of a run, and the run's recipe with epochs done, and minutes with all that is behind it.

    ``run`` may name several with ``+`` between: the mean of the weights of runs that began with each other's, which
    has what each of them learnt (Wortsman et al., 2022), and the recipe of the last.

    Raises:
        SystemExit: there is no such run, or it was made by an earlier form of the code.
    """
    states = [_state(name) for name in run.split("+")]
    recipe = Recipe(**states[-1]["recipe"])
    net = make_net(recipe.architecture, recipe.width)
    try:
        mean = {key: _mean([state["average"][key] for state in states]) for key in states[-1]["average"]}
        net.load_state_dict(mean)
    except (KeyError, RuntimeError):
        raise SystemExit(f"The run {run!r} is of an earlier net, or of several nets: train it again") from None
    behind = [_state(name)["seconds"] for name in lineage(run) if _checkpoint(name).is_file()]
    done = {"epochs_done": states[-1]["epoch"], "minutes": round(sum(behind) / 60, 1)}
    return net.eval(), {**asdict(recipe), "name": run, **done}


def lineage(run: str) -> list[str]:
    """The runs behind one, or behind several with ``+`` between: each after those that it began with or learnt from.

    What is behind a run that is not here any more is left out.
    """
    names: dict[str, None] = {}
    for name in run.split("+"):
        if _checkpoint(name).is_file():
            recipe = Recipe(**_state(name)["recipe"])
            for earlier in filter(None, (recipe.start, *recipe.teachers.split(","))):
                names |= dict.fromkeys(lineage(earlier))
        names[name] = None
    return list(names)


def _checkpoint(run: str) -> Path:
    return runs_folder() / run / "checkpoint.pt"


def _state(run: str) -> dict[str, Any]:
    file = _checkpoint(run)
    if not file.is_file():
        known = ", ".join(sorted(f.parent.name for f in runs_folder().glob("*/checkpoint.pt"))) or "none"
        raise SystemExit(f"There is no run {run!r} in {runs_folder()}; runs there: {known}")
    return torch.load(file, weights_only=True)  # type: ignore[no-any-return]


def _mean(values: list[Tensor]) -> Tensor:
    """The mean of weights; the last of what only counts."""
    return torch.stack(values).mean(0) if values[0].is_floating_point() else values[-1]
