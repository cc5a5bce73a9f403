"""How good a model file is: ``python -m model_export.evaluate [FILE] [--out FOLDER]`` prints its figures as JSON.

All is measured on validation, with the file as it ships, one forward pass a picture. The answers follow the taggers'
votes, and are measured by their plurality; the original labels are met by the file's second output, which learnt them.
How often the answers meet the labels is told too. The calibration error here is that of the file's temperature, which
was fitted on the same pictures; `export` tells the cross-fitted one. With ``--out`` the figures and their plots are
written there too.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from classifier_service.classifier import MODELS, Classifier
from model_export.data import Split, data_folder, plurality, vote_shares
from moodstream.hardware import hardware
from moodstream.types import CROP_SIDE, EXPRESSIONS

BINS = 15
RESAMPLES = 1000
BATCH = 16
#: How often files are timed that are compared; a machine is not equally fast all the time.
ROUNDS = 5
#: Sides in pixels of the small faces that are imitated: shrunk so far, then enlarged as the detector does.
SIZES = (36, 24, 18, 12)
THRESHOLDS = np.arange(0.1, 0.95, 0.05)

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Pictures = npt.NDArray[np.uint8]


def calibration_error(probabilities: Floats, shares: Floats, voted: Bools) -> float:
    """Expected calibration error against the taggers, 0 to 1.

    BINS equal bins of top-1 confidence; in each, |mean confidence - mean share of the votes for that class|.
    """
    if not voted.any():
        return float("nan")
    bins = reliability(probabilities, shares, voted)
    return float(sum(b["pictures"] * abs(b["confidence"] - b["agreed"]) for b in bins) / voted.sum())


def reliability(probabilities: Floats, shares: Floats, voted: Bools) -> list[dict[str, Any]]:
    """Confidence, agreement of the taggers and number of pictures in each bin that has any."""
    probabilities, shares = probabilities[voted], shares[voted]
    rows, best = np.arange(len(probabilities)), probabilities.argmax(1)
    confidence, agreed = probabilities[rows, best], shares[rows, best]
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {
            "pictures": int((bins == b).sum()),
            "confidence": float(confidence[bins == b].mean()),
            "agreed": float(agreed[bins == b].mean()),
        }
        for b in np.unique(bins)
    ]


def log_loss(probabilities: Floats, shares: Floats) -> float:
    """Mean cross entropy, in nats a picture, between what was told and what is so, both (n, 7); not a number if n is 0.

    Uses all seven probabilities, and so tells models apart that are right equally often.
    """
    return float(-(shares * np.log(np.maximum(probabilities, 1e-9))).sum(1).mean()) if len(shares) else float("nan")


def interval(values: npt.NDArray[Any], statistic: Callable[[npt.NDArray[Any]], float] = np.mean) -> list[float]:
    """95 % bootstrap interval of a statistic of the rows of ``values``."""
    random = np.random.default_rng(0)
    found = [statistic(values[random.integers(0, len(values), len(values))]) for _ in range(RESAMPLES)]
    return [round(float(v), 4) for v in np.quantile(found, [0.025, 0.975])]


def milliseconds_a_face(classifier: Classifier, images: Pictures) -> float:
    """Median over batches of 16 on one core."""
    times = []
    for start in range(0, min(len(images), 100 * BATCH) - BATCH + 1, BATCH):
        began = time.perf_counter()
        classifier.classify(images[start : start + BATCH])
        times.append((time.perf_counter() - began) / BATCH * 1000)
    return round(float(np.median(times)), 3)


def time_in_turns(files: dict[str, Path]) -> dict[str, float]:
    """Milliseconds a face of each file, by its name: the median of rounds, in each of which all take a turn."""
    images = Split.load(data_folder() / "validation.npz").images
    classifiers = {name: Classifier.load(str(file)) for name, file in files.items()}
    rounds = [[milliseconds_a_face(classifier, images) for classifier in classifiers.values()] for _ in range(ROUNDS)]
    return {name: round(float(np.median(times)), 3) for name, *times in zip(files, *rounds, strict=True)}


@dataclass(frozen=True)
class Read:
    """What a model says of pictures: the probabilities of its answers and of the single labels, each float32 (n, 7)."""

    answers: Floats
    labels: Floats

    @classmethod
    def of(cls, classifier: Classifier, images: Pictures) -> Read:
        parts = [images[i : i + 256] for i in range(0, len(images), 256)]
        return cls(
            np.concatenate([classifier.classify(part).probabilities for part in parts]),
            np.concatenate([classifier.label_probabilities(part) for part in parts]),
        )

    def take(self, chosen: Bools) -> Read:
        return Read(self.answers[chosen], self.labels[chosen])

    def mean(self, other: Read) -> Read:
        return Read((self.answers + other.answers) / 2, (self.labels + other.labels) / 2)


def score(read: Read, split: Split) -> dict[str, Any]:
    """Accuracies on both label sets: of the labels that are told, and of the answers by the plurality."""
    crowd = plurality(split)
    known = crowd >= 0
    return {
        "pictures": len(split),
        "accuracy": round(float((read.labels.argmax(1) == split.labels).mean()), 4),
        "accuracy_ferplus": round(float((read.answers.argmax(1) == crowd)[known].mean()), 4) if known.any() else None,
    }


def rates(confusion: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Recall and precision of each class, (…, 7), and the mean recall of those that are there, (…), of confusion
    matrices (…, 7, 7)."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    recall = right / np.maximum(confusion.sum(-1), 1)
    precision = right / np.maximum(confusion.sum(-2), 1)
    return recall, precision, recall.mean(-1, where=confusion.any(-1))


def classes(truth: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Confusion matrix (rows are the truth), recall and precision of each expression, and the mean recall, each with
    its 95 % bootstrap interval: to draw pictures again is to draw the cells of the matrix."""
    confusion = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS)), np.int64)
    np.add.at(confusion, (truth, answers), 1)
    shares = confusion.ravel() / max(len(truth), 1)
    drawn = np.random.default_rng(0).multinomial(len(truth), shares, RESAMPLES).reshape(-1, *confusion.shape)
    recall, precision, balanced = rates(confusion)
    bounds = [np.quantile(values, [0.025, 0.975], 0).round(4).T.tolist() for values in rates(drawn)]
    return {
        "balanced_accuracy": round(float(balanced), 4),
        "balanced_accuracy_interval": bounds[2],
        "recall": dict(zip(EXPRESSIONS, recall.round(4).tolist(), strict=True)),
        "recall_interval": dict(zip(EXPRESSIONS, bounds[0], strict=True)),
        "precision": dict(zip(EXPRESSIONS, precision.round(4).tolist(), strict=True)),
        "precision_interval": dict(zip(EXPRESSIONS, bounds[1], strict=True)),
        "confusion": confusion.tolist(),
    }


def coverage(probabilities: Floats, split: Split) -> list[dict[str, float | None]]:
    """For thresholds of confidence: share of faces with a word, accuracy of these, and of those left out."""
    sure, answers, crowd = probabilities.max(1), probabilities.argmax(1), plurality(split)
    agreed, known = answers == crowd, crowd >= 0
    rows = []
    for threshold in THRESHOLDS:
        kept = sure >= threshold
        if (known & kept).any():
            row = {"threshold": threshold, "coverage": kept.mean(), "accuracy_ferplus": agreed[known & kept].mean()}
            left = known & ~kept
            row["left_out_ferplus"] = agreed[left].mean() if left.any() else None
            rows.append({name: None if value is None else round(float(value), 3) for name, value in row.items()})
    return rows


def thirds(values: npt.NDArray[np.float64], read: Read, split: Split) -> list[dict[str, Any]]:
    """Scores of the lowest, middle and highest third of the pictures by some value."""
    edges = np.quantile(values, [0, 1 / 3, 2 / 3, 1])
    place = np.clip(np.searchsorted(edges, values, "right") - 1, 0, 2)
    return [
        {"from": round(float(edges[k]), 1), "to": round(float(edges[k + 1]), 1)}
        | score(read.take(place == k), split.take(place == k))
        for k in range(3)
        if (place == k).any()
    ]


def shrunk(images: Pictures, side: int) -> Pictures:
    """Pictures as if their faces had been ``side`` pixels large."""
    small = [cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images]
    return np.stack([cv2.resize(s, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR) for s in small]).astype(
        np.uint8
    )


def conditions(classifier: Classifier, read: Read, split: Split) -> dict[str, list[dict[str, Any]]]:
    """Accuracies by mean brightness, by sharpness (variance of the Laplacian), and by the size of the face."""
    sharpness = [cv2.Laplacian(image, cv2.CV_64F).var() for image in split.images]
    sizes = [{"side": CROP_SIDE} | score(read, split)]
    sizes += [{"side": s} | score(Read.of(classifier, shrunk(split.images, s)), split) for s in SIZES]
    return {
        "brightness": thirds(split.images.mean((1, 2)), read, split),
        "sharpness": thirds(np.array(sharpness), read, split),
        "size": sizes,
    }


def without_twins(read: Read, split: Split, train: Split) -> dict[str, Any]:
    """Scores without the pictures that stand, to the pixel, in the training split too (they were not learnt from)."""
    known = {image.tobytes() for image in train.images}
    single = np.array([image.tobytes() not in known for image in split.images])
    return score(read.take(single), split.take(single))


def figures(file: Path, split: Split, train: Split | None = None) -> dict[str, Any]:
    """All figures of a model file on a split; ``train`` is only looked through for twins."""
    classifier = Classifier.load(str(file))
    read = Read.of(classifier, split.images)
    mirrored = read.mean(Read.of(classifier, np.ascontiguousarray(split.images[:, :, ::-1])))
    answers, labels, crowd = read.answers.argmax(1), read.labels.argmax(1), plurality(split)
    shares, voted = vote_shares(split)
    known = crowd >= 0
    return {
        "model": classifier.name,
        "unsure_below": classifier.unsure_below,
        "bytes": file.stat().st_size,
        **score(read, split),
        "accuracy_interval": interval(labels == split.labels),
        "accuracy_ferplus_interval": interval((answers == crowd)[known]) if known.any() else None,
        "log_loss": round(log_loss(read.labels, np.eye(len(EXPRESSIONS), dtype=np.float32)[split.labels]), 4),
        "log_loss_ferplus": round(log_loss(read.answers[voted], shares[voted]), 4) if voted.any() else None,
        "labels_as_plurality": round(float((split.labels == crowd)[known].mean()), 4) if known.any() else None,
        "answers_on_labels": round(float((answers == split.labels).mean()), 4),
        "without_twins": None if train is None else without_twins(read, split, train),
        "mean_with_mirror_image": score(mirrored, split),
        "calibration_error": round(calibration_error(read.answers, shares, voted), 4),
        "calibration_error_interval": interval(
            np.flatnonzero(voted), lambda rows: calibration_error(read.answers[rows], shares[rows], voted[rows])
        )
        if voted.any()
        else None,
        "reliability": reliability(read.answers, shares, voted),
        **classes(split.labels, labels),
        "ferplus": classes(crowd[known], answers[known]),
        "coverage": coverage(read.answers, split),
        "by": conditions(classifier, read, split),
        "ms_a_face_one_core_batch_16": milliseconds_a_face(classifier, split.images),
        "hardware": hardware(),
    }


def evaluate(file: Path, out: Path | None) -> dict[str, Any]:
    """Figures of a file on validation, written with their plots if ``out`` is given."""
    splits = [Split.load(data_folder() / f"{name}.npz") for name in ("validation", "train")]
    if out is None:
        return figures(file, *splits)
    from model_export.plots import draw  # noqa: PLC0415  # matplotlib is not needed for the figures

    found = figures(file, *splits)
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found, logs_of(file), out)
    return found


def logs_of(file: Path) -> dict[str, list[dict[str, Any]]]:
    """By name the logs, one line an epoch, of the runs that a file is made of, as the export keeps them beside it."""
    kept = file.with_suffix(".jsonl")
    logs: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, kept.read_text().splitlines() if kept.is_file() else []):
        logs.setdefault(line.pop("run"), []).append(line)
    return logs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m model_export.evaluate", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=MODELS / "default.onnx")
    parser.add_argument("--out", type=Path, help="folder for figures.json and the plots")
    chosen = parser.parse_args()
    print(json.dumps(evaluate(chosen.file, chosen.out), indent=1))
