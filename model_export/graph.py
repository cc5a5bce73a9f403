"""The graph that ships, and how it is written and compared with PyTorch."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from classifier_service.classifier import Classifier
from model_export.embedding import Scaling
from model_export.net import TwoHeads, scale
from moodstream.types import CROP_SIDE

PARITY = 1e-4
PARITY_PICTURES = 1000
OPSET = 18
#: What a file tells of its outputs.
OUTPUTS = {
    "probabilities": "the taggers' answer, calibrated by their votes",
    "label_probabilities": "the original label of FER-2013, as its head says it",
    "embedding": "seven log-probabilities, evidence, features",
}

_TEMPERATURE = "temperature"


class Shipped(nn.Module):
    """uint8 crops to probabilities and embedding, nothing left for a caller to get wrong.

    Between them stands what the label head says, as it is: it answers another question than the probabilities do, which
    follow the taggers, and is there to be compared with nets that learn the single labels.
    """

    temperature: Tensor

    def __init__(self, net: TwoHeads, scaling: Scaling, temperature: float) -> None:
        super().__init__()
        self.net = net
        self.register_buffer(_TEMPERATURE, torch.tensor([temperature]))
        for name, value in zip(("mean", "matrix", "centres", "constants"), scaling.tensors(), strict=True):
            self.register_buffer(name, value)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        label, votes, features = self.net.heads(scale(crops))
        logs = torch.log_softmax(self.net.answer(label, votes) / self.temperature, 1)
        scaled = (features - self.mean) @ self.matrix
        evidence = torch.logsumexp(scaled @ self.centres.T + self.constants, 1, keepdim=True)
        return logs.exp(), torch.softmax(label, 1), torch.cat([logs, evidence, scaled], 1)


def write_graph(shipped: Shipped, file: Path) -> None:
    """Write the ONNX file."""
    crops = torch.zeros(2, CROP_SIDE, CROP_SIDE, dtype=torch.uint8)
    write_onnx(shipped, crops, file, "crops", ["probabilities", "label_probabilities", "embedding"])


def write_onnx(net: nn.Module, example: Tensor, file: Path, takes: str, gives: list[str]) -> None:
    """Write a net that takes any number of what ``example`` has two of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the newer exporter writes graphs that quantise badly
        torch.onnx.export(
            net.eval(),
            (example,),
            str(file),
            input_names=[takes],
            output_names=gives,
            dynamic_axes={name: {0: "n"} for name in (takes, *gives)},
            opset_version=OPSET,
            dynamo=False,
        )


def set_temperature(file: Path, temperature: float) -> None:
    """Change the temperature of a written graph."""
    model = onnx.load(file)
    (constant,) = (i for i in model.graph.initializer if i.name == _TEMPERATURE)
    constant.CopyFrom(onnx.numpy_helper.from_array(np.array([temperature], np.float32), _TEMPERATURE))
    onnx.save(model, file)


def sign(file: Path, kind: str, facts: dict[str, str]) -> str:
    """Put the facts, and a name that no other weights share, into a written graph; the name."""
    model = onnx.load(file)
    name = f"{kind}-{hashlib.sha256(model.graph.SerializeToString(deterministic=True)).hexdigest()[:6]}"
    onnx.helper.set_model_props(model, {"name": name, **OUTPUTS, **facts})
    onnx.save(model, file)
    return name


def check_parity(shipped: Shipped, file: Path, images: npt.NDArray[np.uint8]) -> float:
    """Largest difference of probabilities between the file and PyTorch on so many pictures.

    Raises:
        SystemExit: it is larger than PARITY, or the embeddings differ by more than a hundredth.
    """
    images = images[:PARITY_PICTURES]
    with torch.inference_mode():
        wanted, labels, embeddings = (part.numpy() for part in shipped.eval()(torch.from_numpy(images)))
    classifier = Classifier.load(str(file))
    found = classifier.classify(images)
    worst = max(
        float(np.abs(a - b).max())
        for a, b in ((found.probabilities, wanted), (classifier.label_probabilities(images), labels))
    )
    if worst > PARITY:
        raise SystemExit(f"{file} differs from PyTorch by {worst:.2g}, more than {PARITY:g}")
    if (far := float(np.abs(found.embeddings - embeddings).max())) > 0.01:
        raise SystemExit(f"{file}: its embeddings differ from PyTorch's by {far:.2g}")
    return worst
