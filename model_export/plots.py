"""The figures of a model, drawn."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from moodstream.types import EXPRESSIONS

mpl.use("Agg")
import matplotlib.pyplot as plt

#: Sides in inches of a square plot, and dots an inch.
SIDE, DPI = 4.6, 110
LABELS, CROWD = "original labels", "FER+ plurality"
#: What a run's log tells of each epoch, and its plot's title.
LEARNING = {
    "loss": "loss in training",
    "validation": f"validation, {LABELS}",
    "validation_ferplus": f"validation, {CROWD}",
}


def draw(figures: dict[str, Any], logs: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Write one PNG a plot: confusion, reliability, coverage, conditions, and learning if the runs' logs are known."""
    classes(figures, folder / "classes.png")
    confusion(figures, folder / "confusion.png")
    reliability(figures, folder / "reliability.png")
    coverage(figures, folder / "coverage.png")
    conditions(figures, folder / "conditions.png")
    if logs:
        learning(logs, folder / "learning.png")


def _save(figure: Any, file: Path) -> None:
    figure.tight_layout()
    figure.savefig(file, dpi=DPI)
    plt.close(figure)


def classes(figures: dict[str, Any], file: Path) -> None:
    """Recall and precision of each expression on both label sets, with their intervals, and the mean recall."""
    figure, axes = plt.subplots(1, 2, figsize=(2 * SIDE, SIDE * 0.8), sharey=True)
    places = np.arange(len(EXPRESSIONS))
    for axis, found, title in zip(axes, (figures, figures["ferplus"]), (LABELS, CROWD), strict=True):
        for aside, measure in ((-0.2, "recall"), (0.2, "precision")):
            values = np.array([found[measure][name] for name in EXPRESSIONS])
            bounds = np.array([found[f"{measure}_interval"][name] for name in EXPRESSIONS]).T
            away = np.abs(bounds - values)
            axis.bar(places + aside, values, 0.4, yerr=away, label=measure, error_kw={"elinewidth": 1, "capsize": 2})
        axis.axhline(found["balanced_accuracy"], color="0.5", linewidth=1)
        axis.set(title=f"{title}, balanced accuracy {found['balanced_accuracy']:.1%}", ylim=(0, 1.15))
        axis.set_xticks(places, EXPRESSIONS, rotation=45, ha="right", fontsize=8)
    axes[0].legend(fontsize=8, loc="upper left", ncols=2)
    _save(figure, file)


def confusion(figures: dict[str, Any], file: Path) -> None:
    """Shares of the answers for each true class, on both label sets."""
    figure, axes = plt.subplots(1, 2, figsize=(2 * SIDE, SIDE))
    for axis, counts, title in zip(
        axes, (figures["confusion"], figures["ferplus"]["confusion"]), (LABELS, CROWD), strict=True
    ):
        matrix = np.array(counts, float)
        shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row in range(len(EXPRESSIONS)):
            for column in range(len(EXPRESSIONS)):
                dark = shares[row, column] > 0.5
                text = f"{shares[row, column]:.0%}"
                axis.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if dark else "black")
        axis.set(title=title, xlabel="answered", ylabel="true")
        axis.set_xticks(range(len(EXPRESSIONS)), EXPRESSIONS, rotation=45, ha="right", fontsize=8)
        axis.set_yticks(range(len(EXPRESSIONS)), EXPRESSIONS, fontsize=8)
    _save(figure, file)


def reliability(figures: dict[str, Any], file: Path) -> None:
    """Confidence against the share of the taggers that agree, with the pictures in each bin."""
    bins = figures["reliability"]
    confidence = [b["confidence"] for b in bins]
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(SIDE, SIDE * 1.2), sharex=True, gridspec_kw={"height_ratios": [3, 1]}
    )
    top.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    top.plot(confidence, [b["agreed"] for b in bins], "o-", markersize=4)
    top.set(ylabel="share of the taggers that agree", xlim=(0, 1), ylim=(0, 1))
    top.set_title(
        f"calibration error {figures['calibration_error']:.1%}, temperature fitted on these pictures", fontsize=9
    )
    bottom.bar(confidence, [b["pictures"] for b in bins], width=0.04)
    bottom.set(xlabel="confidence", ylabel="pictures")
    _save(figure, file)


def coverage(figures: dict[str, Any], file: Path) -> None:
    """Accuracy of the faces that get a word, by how many get one; the threshold that ships is marked."""
    rows = figures["coverage"]
    shares = [row["coverage"] for row in rows]
    figure, axis = plt.subplots(figsize=(SIDE, SIDE))
    axis.plot(shares, [row["accuracy_ferplus"] for row in rows], "o-", markersize=3, label=f"answered, {CROWD}")
    left = [row["left_out_ferplus"] for row in rows]
    axis.plot(shares, np.array(left, float), "o--", markersize=3, label=f"left out, {CROWD}")
    thresholds = [row["threshold"] for row in rows]
    here = float(np.interp(figures["unsure_below"], thresholds, shares))
    axis.axvline(here, color="0.5", linewidth=1)
    axis.annotate(f"unsure below {figures['unsure_below']:.2f}", (here, 0.05), rotation=90, fontsize=8, ha="right")
    axis.set(xlabel="share of faces with a word", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1))
    axis.legend(fontsize=8, loc="lower left")
    _save(figure, file)


def conditions(figures: dict[str, Any], file: Path) -> None:
    """Accuracy by brightness, sharpness and size."""
    figure, axes = plt.subplots(1, 3, figsize=(2 * SIDE, SIDE * 0.8), sharey=True)
    for axis, (name, rows) in zip(axes, figures["by"].items(), strict=True):
        names = [str(row["side"]) if "side" in row else f"{row['from']:.0f} to {row['to']:.0f}" for row in rows]
        axis.plot(names, [row["accuracy_ferplus"] for row in rows], "o-", label=CROWD)
        axis.plot(names, [row["accuracy"] for row in rows], "o-", label=LABELS)
        axis.set(title={"size": "size of the face, pixels"}.get(name, name), ylim=(0, 1))
        axis.tick_params(axis="x", labelsize=7)
    axes[0].set_ylabel("accuracy")
    axes[0].legend(fontsize=8, loc="lower left")
    _save(figure, file)


def learning(logs: dict[str, list[dict[str, Any]]], file: Path) -> None:
    """Loss in training and accuracies on validation by epoch, from the logs of runs; seeds of one share a colour."""
    names = list(dict.fromkeys(name_of(run) for run in logs))
    figure, axes = plt.subplots(1, len(LEARNING), figsize=(3 * SIDE, SIDE))
    for axis, (key, title) in zip(axes, LEARNING.items(), strict=True):
        drawn = set()
        for run, lines in logs.items():
            name = name_of(run)
            epochs, values = [line["epoch"] for line in lines], [line[key] for line in lines]
            label = None if name in drawn else name
            axis.plot(epochs, np.array(values, float), color=f"C{names.index(name)}", linewidth=1.2, label=label)
            drawn.add(name)
        axis.set(title=title, xlabel="epoch")
    axes[0].legend(fontsize=8)
    _save(figure, file)


def name_of(run: str) -> str:
    """What a run is called without the number of its seed."""
    return re.sub(r"-\d+$", "", run)
