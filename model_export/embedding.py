"""What the shipped model tells of a face beside its answer: the embedding that few-shot adaptation works on.

See `moodstream/adapt.py` for what an embedding holds and why its features are scaled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from moodstream.types import EXPRESSIONS

#: Features that an embedding keeps of the net's: the six in which the means of the seven differ, then those of largest
#: variance within them.
FEATURES = 64
#: Share of the mean variance that is added to all, so that directions without any are not blown up.
RIDGE = 0.02

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """``scaled = (features - mean) @ matrix``; the seven then are Gaussians with unit covariance around ``centres``.

    ``mean`` (d,), ``matrix`` (d, k), ``centres`` (7, k), ``logs`` (7,): log-shares of the seven.
    """

    mean: Floats
    matrix: Floats
    centres: Floats
    logs: Floats

    def tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Mean, matrix, centres, and the constant term of each centre's log-density: what the graph computes with."""
        constant = self.logs - (self.centres**2).sum(1) / 2
        parts = (self.mean, self.matrix, self.centres, constant)
        mean, matrix, centres, constants = (torch.from_numpy(np.asarray(part, np.float32)) for part in parts)
        return mean, matrix, centres, constants


def fit_scaling(features: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]) -> Scaling:
    """Linear discriminant analysis of features (n, d) with their classes (n,), -1 where there is none.

    Raises:
        ValueError: one of the seven has no picture.
    """
    x, classes = features[classes >= 0].astype(float), classes[classes >= 0]
    counts = np.bincount(classes, minlength=len(EXPRESSIONS))
    if not counts.all():
        raise ValueError("the embedding needs pictures of all seven expressions")
    mean = x.mean(0)
    means = np.stack([x[classes == label].mean(0) for label in range(len(EXPRESSIONS))])
    within = np.cov((x - means[classes]).T)
    within += np.eye(len(within)) * RIDGE * np.trace(within) / len(within)
    whiten = np.linalg.cholesky(np.linalg.inv(within))

    # The span of the centres first, then what is left of the net's features by their size before scaling.
    centres = (means - mean) @ whiten
    span = np.linalg.svd(centres, full_matrices=False)[2][: len(EXPRESSIONS) - 1].T
    left = np.eye(len(within)) - span @ span.T
    unwhiten = left @ np.linalg.inv(whiten)
    largest = np.linalg.eigh(unwhiten @ unwhiten.T)[1][:, ::-1]
    keep = np.concatenate([span, largest], 1)[:, : min(FEATURES, len(within))]
    return Scaling(mean, whiten @ keep, centres @ keep, np.log(counts / counts.sum()))
