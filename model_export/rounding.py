"""What may be rounded to integers: ``python -m model_export.rounding [--model FILE]`` → JSON.

Forms of a float file, compared by how much they change its answers to training pictures, and by what a face costs with
each. Other training pictures set their ranges; validation is left for the form that ships.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifier_service.classifier import MODELS
from model_export.data import Split, data_folder, fit_for_training
from model_export.evaluate import time_in_turns
from model_export.export import outputs
from model_export.graph import set_temperature
from model_export.quantize import Rounding, quantize
from moodstream.hardware import hardware

FORMS = {
    "the first block float (ships)": Rounding(),
    "the first two convolutions float": Rounding(float_convolutions=2),
    "the first convolution float": Rounding(float_convolutions=1),
    "the first convolution float, pooling rounded": Rounding(
        ("Conv", "AveragePool", "MaxPool", "GlobalAveragePool"), float_convolutions=1
    ),
    "ships, but ranges hold 99.9 % of the values": Rounding(held=99.9),
    "ships, but ranges hold all values": Rounding(held=100.0),
}
PICTURES = 4000
Floats = npt.NDArray[np.float32]


def compare(
    source: Path, images: npt.NDArray[np.uint8], forms: dict[str, Rounding] = FORMS, pictures: int = PICTURES
) -> Iterable[dict[str, str | float]]:
    """What each form of a float file changes, found on ``pictures`` of the training pictures (n, 48, 48).

    Divergence is the mean Kullback-Leibler divergence from the float file's answer, in thousandths of a nat, at
    temperature 1; ``changed`` is the share of pictures whose answer is another.
    """
    order = np.random.default_rng(1).permutation(len(images))
    probes, rest = images[order[:pictures]], images[order[pictures:]]
    with tempfile.TemporaryDirectory() as folder:
        files = {"float": Path(folder) / "float.onnx"}
        shutil.copy(source, files["float"])
        set_temperature(files["float"], 1.0)
        for number, (name, rounding) in enumerate(forms.items()):
            files[name] = Path(folder) / f"{number}.onnx"
            quantize(files["float"], files[name], rest, rounding)
        times = time_in_turns(files)
        names = ("label_probabilities", "probabilities")
        answers = {name: outputs(file, probes, *names) for name, file in files.items()}
    labels, votes = answers["float"]
    for name, (own_labels, own_votes) in answers.items():
        yield {
            "form": name,
            "divergence_labels": _divergence(labels, own_labels),
            "divergence_answers": _divergence(votes, own_votes),
            "changed": round(float((votes.argmax(1) != own_votes.argmax(1)).mean()), 4),
            "ms_a_face_one_core_batch_16": times[name],
        }


def _divergence(true: Floats, other: Floats) -> float:
    tiny = np.float32(1e-9)
    return float(f"{1000 * (true * np.log((true + tiny) / (other + tiny))).sum(1).mean():.3g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m model_export.rounding", description=__doc__)
    parser.add_argument("--model", type=Path, default=MODELS / "default-float32.onnx", help="a float file")
    chosen = parser.parse_args()
    train = Split.load(data_folder() / "train.npz")
    rows = list(compare(chosen.model, train.images[fit_for_training(train)]))
    print(
        json.dumps({"model": chosen.model.name, "hardware": hardware(), "pictures": PICTURES, "forms": rows}, indent=1)
    )
