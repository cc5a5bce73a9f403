"""Eight-bit integers where they cost no accuracy: convolutions between the first few and the heads.

The file is QDQ, so that ONNX Runtime runs it on any processor. Weights keep to seven bits: processors without VNNI add
pairs of products in sixteen bits, which eight-bit weights overflow.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

CALIBRATION_PICTURES = 1024
BATCH = 64
#: Two products of such a weight and an unsigned byte fit into the sixteen bits of processors without VNNI.
MOST_OF_A_WEIGHT = 64


@dataclass(frozen=True)
class Rounding:
    """What becomes integer. The defaults are what ships: ``python -m model_export.rounding`` shows why."""

    #: Kinds of operators that become integer.
    operators: tuple[str, ...] = ("Conv",)
    #: Convolutions that stay float, from the first on.
    float_convolutions: int = 3
    #: Percent of an activation's values that its range holds.
    held: float = 99.999


class _Pictures(CalibrationDataReader):  # type: ignore[misc]
    """Training pictures, a batch at a time. Without the last few: percentiles are only taken of equal batches."""

    def __init__(self, images: npt.NDArray[np.uint8]) -> None:
        size = min(BATCH, len(images))
        self._batches = iter([images[i : i + size] for i in range(0, len(images) - size + 1, size)])

    def get_next(self) -> dict[str, npt.NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"crops": batch}


def quantize(source: Path, target: Path, train_images: npt.NDArray[np.uint8], rounding: Rounding = Rounding()) -> None:
    """Write the QDQ form of a float graph, its ranges taken from training pictures (n, 48, 48)."""
    random = np.random.default_rng(0)
    chosen = train_images[random.permutation(len(train_images))[:CALIBRATION_PICTURES]]
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True, skip_optimization=True)
        convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
        with contextlib.redirect_stdout(sys.stderr):  # It tells its progress there.
            quantize_static(
                prepared,
                target,
                _Pictures(chosen),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(rounding.operators),
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=convolutions[: rounding.float_convolutions],
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": rounding.held},
            )


def largest_weight(file: Path) -> int:
    """The largest absolute value among the eight-bit weights of a file."""
    tensors = onnx.load(file).graph.initializer
    weights = [onnx.numpy_helper.to_array(t) for t in tensors if t.data_type == onnx.TensorProto.INT8]
    return max(int(np.abs(weight.astype(int)).max(initial=0)) for weight in weights)


def exact_session(file: Path) -> ort.InferenceSession:
    """The file computed without any integer kernel: what a processor with VNNI would give, whatever this one has."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
