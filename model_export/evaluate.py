"""How good a model file is: ``python -m model_export.evaluate [FILE]`` prints its figures on validation as JSON."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from classifier_service.classifier import MODELS, Classifier
from model_export.data import Split, data_folder, plurality, vote_shares
from moodstream.types import EXPRESSIONS

BINS = 15
RESAMPLES = 1000
BATCH = 16

Floats = npt.NDArray[np.float32]


def calibration_error(probabilities: Floats, shares: Floats, voted: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error against the taggers, 0 to 1.

    BINS equal bins of top-1 confidence; in each, |mean confidence - mean share of the votes for that class|.
    """
    probabilities, shares = probabilities[voted], shares[voted]
    if not len(probabilities):
        return float("nan")
    rows, best = np.arange(len(probabilities)), probabilities.argmax(1)
    confidence, agreed = probabilities[rows, best], shares[rows, best]
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [(bins == b).mean() * abs(confidence[bins == b].mean() - agreed[bins == b].mean()) for b in np.unique(bins)]
    return float(sum(gaps))


def interval(right: npt.NDArray[np.bool_]) -> list[float]:
    """95 % bootstrap interval of a share."""
    random = np.random.default_rng(0)
    means = [right[random.integers(0, len(right), len(right))].mean() for _ in range(RESAMPLES)]
    return [round(float(v), 4) for v in np.quantile(means, [0.025, 0.975])]


def milliseconds_a_face(classifier: Classifier, images: npt.NDArray[np.uint8]) -> float:
    """Median over batches of 16 on one core."""
    times = []
    for start in range(0, min(len(images), 100 * BATCH) - BATCH + 1, BATCH):
        began = time.perf_counter()
        classifier.classify(images[start : start + BATCH])
        times.append((time.perf_counter() - began) / BATCH * 1000)
    return round(float(np.median(times)), 3)


def figures(file: Path, split: Split) -> dict[str, Any]:
    """All figures of a model file on a split, one forward pass a picture."""
    classifier = Classifier.load(str(file))
    parts = [classifier.classify(split.images[i : i + 256]).probabilities for i in range(0, len(split), 256)]
    probabilities = np.concatenate(parts)
    answers, crowd = probabilities.argmax(1), plurality(split)
    shares, voted = vote_shares(split)
    right = answers == split.labels
    confusion = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS)), int)
    np.add.at(confusion, (split.labels, answers), 1)
    recall = confusion.diagonal() / np.maximum(confusion.sum(1), 1)
    precision = confusion.diagonal() / np.maximum(confusion.sum(0), 1)
    sure, agreed = probabilities.max(1), (answers == crowd)
    known = crowd >= 0
    coverage = [
        {
            "threshold": round(float(t), 2),
            "coverage": round(float((sure >= t).mean()), 3),
            "accuracy": round(float(right[sure >= t].mean()), 3),
            "accuracy_ferplus": round(float(agreed[known & (sure >= t)].mean()), 3),
        }
        for t in np.arange(0.2, 0.8, 0.05)
        if (known & (sure >= t)).any()
    ]
    return {
        "model": classifier.name,
        "unsure_below": classifier.unsure_below,
        "pictures": len(split),
        "bytes": file.stat().st_size,
        "accuracy": round(float(right.mean()), 4),
        "accuracy_interval": interval(right),
        "balanced_accuracy": round(float(recall.mean()), 4),
        "accuracy_ferplus": round(float(agreed[known].mean()), 4) if known.any() else None,
        "calibration_error": round(calibration_error(probabilities, shares, voted), 4),
        "recall": dict(zip(EXPRESSIONS, recall.round(3).tolist(), strict=True)),
        "precision": dict(zip(EXPRESSIONS, precision.round(3).tolist(), strict=True)),
        "confusion": confusion.tolist(),
        "coverage": coverage,
        "ms_a_face_one_core_batch_16": milliseconds_a_face(classifier, split.images),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m model_export.evaluate", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=MODELS / "default.onnx")
    print(json.dumps(figures(parser.parse_args().file, Split.load(data_folder() / "validation.npz")), indent=1))
