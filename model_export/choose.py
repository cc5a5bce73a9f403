"""What is chosen after training, on validation: the mix of the heads, the temperature, and where `unsure` begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from model_export.data import Split, plurality
from model_export.evaluate import calibration_error

Floats = npt.NDArray[np.float32]

MIXES = np.arange(0.0, 1.001, 0.05)
TEMPERATURES = np.arange(0.4, 3.0, 0.01)
#: Times that validation is halved to measure the calibration.
HALVINGS = 16


def softmax(logits: Floats, temperature: float) -> Floats:
    """Probabilities float32 (n, 7)."""
    powers = np.exp((logits - logits.max(1, keepdims=True)) / temperature)
    return powers / powers.sum(1, keepdims=True)  # type: ignore[no-any-return]


def try_mixes(label: Floats, votes: Floats, split: Split) -> list[dict[str, Any]]:
    """How often the answer is the label, and the taggers' plurality, for each share of the vote head in it.

    ``label`` and ``votes`` are the heads' logits, each (n, 7).
    """
    heads = softmax(label, 1.0), softmax(votes, 1.0)
    crowd = plurality(split)
    known = crowd >= 0
    rows = []
    for mix in MIXES:
        answers = ((1 - mix) * heads[0] + mix * heads[1]).argmax(1)
        row = {"mix": mix, "accuracy": (answers == split.labels).mean()}
        row["accuracy_ferplus"] = (answers == crowd)[known].mean() if known.any() else None
        rows.append({name: None if value is None else round(float(value), 4) for name, value in row.items()})
    return rows


def choose_mix(rows: list[dict[str, Any]]) -> float:
    """The share of the vote head with which most answers are the taggers' plurality; without votes, the label."""
    best = max(rows, key=lambda row: row["accuracy"] if row["accuracy_ferplus"] is None else row["accuracy_ferplus"])
    return float(best["mix"])


def fit_temperature(logits: Floats, shares: Floats) -> float:
    """The temperature under which the taggers' votes are most likely."""
    losses = [-(shares * np.log(softmax(logits, t) + 1e-9)).sum(1).mean() for t in TEMPERATURES]
    return round(float(TEMPERATURES[int(np.argmin(losses))]), 2)


def cross_fitted_error(logits: Floats, shares: Floats) -> float:
    """Calibration error with the temperature fitted on one half and the error measured on the other, both ways.

    The mean over HALVINGS at random: of one halving alone it varies by 0.0015 (standard deviation).
    """
    random, errors = np.random.default_rng(0), []
    for _ in range(HALVINGS):
        halves = np.array_split(random.permutation(len(logits)), 2)
        for fitted, measured in (halves, halves[::-1]):
            found = softmax(logits[measured], fit_temperature(logits[fitted], shares[fitted]))
            errors.append(calibration_error(found, shares[measured], np.ones(len(measured), np.bool_)))
    return float(np.mean(errors))


def choose_threshold(probabilities: Floats, crowd: npt.NDArray[np.int64]) -> float:
    """The confidence from which on words are given so that right ones outnumber wrong ones by most.

    Below it a word is wrong more often than right. ``crowd`` (n,) is the taggers' plurality, -1 where there is none.
    """
    known = crowd >= 0
    best, right = probabilities[known].max(1), probabilities[known].argmax(1) == crowd[known]
    order = np.argsort(best)[::-1]
    gain = np.cumsum(np.where(right[order], 1, -1))
    return round(float(best[order][int(gain.argmax())]), 3)
