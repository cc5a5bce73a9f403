"""Crops in, calibrated probabilities and embeddings out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from moodstream.types import CROP_SIDE, EXPRESSIONS

MODELS = Path(__file__).parent / "models"
WARM_UP_BATCHES = (1, 2, 8, 32)


class ModelError(RuntimeError):
    """A model file is missing, damaged or of another kind; the message is one clear line."""


@dataclass(frozen=True)
class Classification:
    """``probabilities`` float32 (n, 7) in the order of EXPRESSIONS, ``embeddings`` float32 (n, d)."""

    probabilities: npt.NDArray[np.float32]
    embeddings: npt.NDArray[np.float32]


class Classifier:
    """One loaded model; scaling, softmax and temperature are inside its graph."""

    def __init__(self, session: ort.InferenceSession, name: str, version: str, unsure_below: float) -> None:
        self._session, self.name, self.version, self.unsure_below = session, name, version, unsure_below

    @classmethod
    def load(cls, model: str, threads: int = 1) -> Self:
        """Load a model by name (a file in ``models/``) or by path, check that it is one of ours, and warm it up.

        ``threads`` is set here because ONNX Runtime would take every core of the host, whatever a container may use.

        Raises:
            ModelError: the file is missing, damaged, or has other inputs and outputs.
        """
        path = Path(model) if model.endswith(".onnx") else MODELS / f"{model}.onnx"
        if not path.is_file():
            known = ", ".join(sorted(file.stem for file in MODELS.glob("*.onnx")))
            raise ModelError(f"MOODSTREAM_MODEL={model!r}: there is no file {path}; models here: {known or 'none'}")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what goes wrong is told by the exception
        try:
            session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base of their own
            raise ModelError(
                f"MOODSTREAM_MODEL={model!r}: {path} is not a readable ONNX file: {_line(error)}"
            ) from error
        name, unsure_below = _check(session, path)
        version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]  # which file exactly, whatever it calls itself
        classifier = cls(session, name, version, unsure_below)
        for batch in WARM_UP_BATCHES:
            try:
                found = classifier.classify(np.zeros((batch, CROP_SIDE, CROP_SIDE), np.uint8))
            except Exception as error:  # as above
                raise ModelError(f"{path} cannot read {batch} crops at once: {_line(error)}") from error
            if len(found.probabilities) != batch or len(found.embeddings) != batch:
                raise ModelError(f"{path} does not give one answer a crop")
        return classifier

    def classify(self, crops: npt.NDArray[np.uint8]) -> Classification:
        """Read ``crops``, uint8 (n, 48, 48), n ≥ 1."""
        probabilities, embeddings = self._session.run(["probabilities", "embedding"], {"crops": crops})
        return Classification(probabilities, embeddings)

    def label_probabilities(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """What the single label of FER-2013 would be, float32 (n, 7): to compare with nets that learn these labels.

        The answers follow ten taggers instead, who say something else on a third of the pictures. A file without this
        output is taken at its answers.
        """
        outputs = {output.name for output in self._session.get_outputs()}
        name = "label_probabilities" if "label_probabilities" in outputs else "probabilities"
        return np.asarray(self._session.run([name], {"crops": crops})[0])


def _line(error: Exception) -> str:
    """The first line of an error of ONNX Runtime, which adds its own sources to some."""
    return str(error).partition("\n")[0]


def _check(session: ort.InferenceSession, path: Path) -> tuple[str, float]:
    """Name and threshold of a model that keeps the contract."""
    inputs = {i.name: (i.type, i.shape[1:]) for i in session.get_inputs()}
    outputs: dict[str, Any] = {o.name: o.shape[1:] for o in session.get_outputs()}
    if inputs != {"crops": ("tensor(uint8)", [CROP_SIDE, CROP_SIDE])}:
        raise ModelError(f"{path} takes {inputs}, a classifier takes crops uint8 (n, {CROP_SIDE}, {CROP_SIDE})")
    if outputs.get("probabilities") != [len(EXPRESSIONS)] or len(outputs.get("embedding", [])) != 1:
        raise ModelError(f"{path} gives {outputs} a crop, a classifier gives 7 probabilities and an embedding")
    facts = session.get_modelmeta().custom_metadata_map
    try:
        name, unsure_below = facts["name"], float(facts["unsure_below"])
    except (KeyError, ValueError):
        raise ModelError(f"{path} does not tell its name and threshold: export it with model_export") from None
    if not 0 <= unsure_below <= 1:
        raise ModelError(f"{path} tells the threshold {unsure_below}, which is no probability")
    return name, unsure_below
