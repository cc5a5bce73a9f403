"""The nets that can be trained, by name, and those that were, by run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

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
    """The averaged net of a run, and the run's recipe with epochs and minutes done.

    Raises:
        SystemExit: there is no such run, or it was made by an earlier form of the code.
    """
    file = runs_folder() / run / "checkpoint.pt"
    if not file.is_file():
        known = ", ".join(sorted(f.parent.name for f in runs_folder().glob("*/checkpoint.pt"))) or "none"
        raise SystemExit(f"There is no run {run!r} in {runs_folder()}; runs there: {known}")
    state = torch.load(file, weights_only=True)
    recipe = Recipe(**state["recipe"])
    net = make_net(recipe.architecture, recipe.width)
    try:
        net.load_state_dict(state["average"])
    except RuntimeError:
        raise SystemExit(f"The run {run!r} is of an earlier net: train it again") from None
    return net.eval(), {**asdict(recipe), "epochs_done": state["epoch"], "minutes": round(state["seconds"] / 60, 1)}
