"""From a run to the shipped file: ``python -m model_export.export [--run NAME]``.

Chooses the mix of the two heads, the temperature and the threshold of `unsure` on validation, writes
``classifier_service/models/NAME.onnx`` with all three inside, checks it against PyTorch, and writes its card beside it.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from classifier_service.classifier import MODELS, Classifier
from model_export.data import Split, data_folder, plurality, runs_folder, vote_shares
from model_export.evaluate import calibration_error, figures
from model_export.net import ExpressionNet, scale
from model_export.train import heads_of, logits_of
from moodstream.types import CROP_SIDE

log = logging.getLogger(__name__)

MIXES = np.arange(0.0, 1.001, 0.05)
#: What a net must reach on the original labels and on the FER+ plurality; the mix brings it nearest to both.
FLOORS = (0.70, 0.84)
TEMPERATURES = np.arange(0.4, 3.0, 0.01)
#: `unsure` begins where this share of validation faces still gets a word.
COVERAGE = 0.85
PARITY = 1e-4
PARITY_PICTURES = 1000
OPSET = 18


class Shipped(nn.Module):
    """The graph that ships: uint8 crops to probabilities and embedding, nothing left for a caller to get wrong."""

    def __init__(self, net: ExpressionNet, temperature: float) -> None:
        super().__init__()
        self.net, self.temperature = net, temperature

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        logits, embedding = self.net(scale(crops))
        return torch.softmax(logits / self.temperature, 1), embedding


def softmax(logits: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float32]:
    """Probabilities float32 (n, 7)."""
    powers = np.exp((logits - logits.max(1, keepdims=True)) / temperature)
    return powers / powers.sum(1, keepdims=True)  # type: ignore[no-any-return]


def fit_temperature(logits: npt.NDArray[np.float32], shares: npt.NDArray[np.float32]) -> float:
    """The temperature under which the taggers' votes are most likely."""
    losses = [-(shares * np.log(softmax(logits, t) + 1e-9)).sum(1).mean() for t in TEMPERATURES]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 2)


def choose_mix(net: ExpressionNet, split: Split) -> float:
    """The share of the vote head with which the smaller of the two margins over the floors is largest."""
    label, votes = (softmax(logits.numpy(), 1.0) for logits in heads_of(net, split.images))
    crowd = plurality(split)

    def margin(mix: float) -> float:
        answers = ((1 - mix) * label + mix * votes).argmax(1)
        right = (answers == split.labels).mean(), (answers == crowd)[crowd >= 0].mean()
        return float(min(accuracy - floor for accuracy, floor in zip(right, FLOORS, strict=True)))

    return round(float(max(MIXES, key=margin)), 2)


def cross_fitted_error(logits: npt.NDArray[np.float32], shares: npt.NDArray[np.float32]) -> float:
    """Calibration error with the temperature fitted on one half and the error measured on the other, both ways."""
    halves = [np.arange(start, len(logits), 2) for start in (0, 1)]
    errors = []
    for fitted, measured in (halves, halves[::-1]):
        found = softmax(logits[measured], fit_temperature(logits[fitted], shares[fitted]))
        errors.append(calibration_error(found, shares[measured], np.ones(len(measured), np.bool_)))
    return float(np.mean(errors))


def load_net(run: str) -> tuple[ExpressionNet, dict[str, Any]]:
    """The averaged net of a run and the run's recipe, with epochs and minutes done."""
    state = torch.load(runs_folder() / run / "checkpoint.pt", weights_only=True)
    net = ExpressionNet(state["recipe"]["width"])
    net.load_state_dict(state["average"])
    return net.eval(), {**state["recipe"], "epochs_done": state["epoch"], "minutes": round(state["seconds"] / 60, 1)}


def write_graph(net: ExpressionNet, temperature: float, facts: dict[str, str], file: Path) -> None:
    """Write the ONNX file with its facts as metadata."""
    torch.onnx.export(
        Shipped(net, temperature).eval(),
        (torch.zeros(2, CROP_SIDE, CROP_SIDE, dtype=torch.uint8),),
        str(file),
        input_names=["crops"],
        output_names=["probabilities", "embedding"],
        dynamic_axes={name: {0: "n"} for name in ("crops", "probabilities", "embedding")},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(file)
    onnx.helper.set_model_props(model, facts)
    onnx.save(model, file)


def check_parity(net: ExpressionNet, temperature: float, file: Path, images: npt.NDArray[np.uint8]) -> float:
    """Largest difference between the file and PyTorch on so many pictures.

    Raises:
        SystemExit: it is larger than PARITY.
    """
    images = images[:PARITY_PICTURES]
    with torch.inference_mode():
        wanted = Shipped(net, temperature)(torch.from_numpy(images))[0].numpy()
    worst = float(np.abs(Classifier.load(str(file)).classify(images).probabilities - wanted).max())
    if worst > PARITY:
        raise SystemExit(f"{file} differs from PyTorch by {worst:.2g}, more than {PARITY:g}")
    return worst


def export(run: str, name: str) -> None:
    """Write file and card of a run under a name."""
    validation = Split.load(data_folder() / "validation.npz")
    net, recipe = load_net(run)
    net.mix.fill_(choose_mix(net, validation))
    logits = logits_of(net, validation.images).numpy()
    shares, voted = vote_shares(validation)
    temperature = fit_temperature(logits[voted], shares[voted])
    unsure_below = round(float(np.quantile(softmax(logits, temperature).max(1), 1 - COVERAGE)), 3)
    parameters = sum(p.numel() for p in net.parameters())
    facts = {
        "name": f"moodstream-residual-{parameters / 1e6:.1f}m",
        "temperature": str(temperature),
        "unsure_below": str(unsure_below),
    }
    file = MODELS / f"{name}.onnx"
    write_graph(net, temperature, facts, file)
    card = {
        **figures(file, validation),
        "parameters": parameters,
        "mix": round(float(net.mix), 2),
        "temperature": temperature,
        "calibration_error_cross_fitted": round(cross_fitted_error(logits[voted], shares[voted]), 4),
        "parity": check_parity(net, temperature, file, validation.images),
        "recipe": recipe,
    }
    file.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n")
    file.with_suffix(".md").write_text(render_card(card))
    log.info("%s: %.4f on validation", file, card["accuracy"])


def render_card(card: dict[str, Any]) -> str:
    """The card for people, from the figures."""
    classes = "\n".join(
        f"| {name} | {card['recall'][name]:.0%} | {card['precision'][name]:.0%} |" for name in card["recall"]
    )
    points = "\n".join(
        f"| {p['threshold']:.2f} | {p['coverage']:.0%} | {p['accuracy']:.1%} | {p['accuracy_ferplus']:.1%} |"
        for p in card["coverage"]
    )
    template = Template((Path(__file__).parent / "card.md").read_text())
    low, high = card["accuracy_interval"]
    return template.substitute(
        card,
        accuracy=f"{card['accuracy']:.1%}",
        low=f"{low:.1%}",
        high=f"{high:.1%}",
        ferplus=f"{card['accuracy_ferplus']:.1%}",
        balanced=f"{card['balanced_accuracy']:.1%}",
        error=f"{card['calibration_error_cross_fitted']:.1%}",
        megabytes=f"{card['bytes'] / 1e6:.1f}",
        millions=f"{card['parameters'] / 1e6:.2f}",
        ms=card["ms_a_face_one_core_batch_16"],
        classes=classes,
        points=points,
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m model_export.export", description=__doc__)
    parser.add_argument("--run", default="default")
    parser.add_argument("--name", default="default")
    chosen = parser.parse_args()
    export(chosen.run, chosen.name)
