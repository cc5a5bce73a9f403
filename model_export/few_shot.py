"""What few-shot adaptation gives: ``python -m model_export.few_shot [FILE]`` measures it and prints JSON.

(a) Contempt, which no net here has learnt, as a label of one's own, from 1, 5 and 10 shots: its recall and precision,
and the balanced and plain accuracy of the eight.

(b) Five shots an expression under low light (which training has seen in a part of the views), blur and side light, and
without any shift: accuracy before and after, and the share of the loss that is won back.

Adapting draws the base rates of what is shown towards each other, which alone helps rare labels; so it is told too what
this would give without any shot ("even rates alone").

Truth is the taggers' plurality. Pictures are validation's, and training's that show contempt, halved by their pixels:
shots come from one half, reported is on the other. ``--choose`` prints what the knobs of `moodstream/adapt.py` give
within the first half, and the base rates in training. ``--card`` writes the result into the file's card.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from classifier_service.classifier import MODELS, Classifier
from model_export.card import write_card
from model_export.data import Split, data_folder, fit_for_training, vote_shares
from model_export.few_shot_faces import OWN, Faces, Indices, eight, under_shifts
from moodstream import adapt as adapting
from moodstream.adapt import Adaptation, adapt
from moodstream.types import EXPRESSIONS

log = logging.getLogger(__name__)

DRAWS = 100
SHOTS = (1, 5, 10)
SHIFT_SHOTS = 5
#: Parts of the faces (see :func:`few_shot_faces.parts_of`) that shots are drawn from, and those that are reported on.
SHOTS_FROM, REPORTED = (0, 1), (2, 3)
#: What ``--choose`` tries.
GRID = {
    "WEIGHT_PRECISION": (100.0, 300.0, 1000.0, 3000.0),
    "BIAS_PRECISION": (0.3, 1.0, 3.0, 10.0),
    "SCALE_PRECISION": (30.0, 100.0, 300.0),
    "EVENNESS": (0.15, 0.3, 0.45),
    "OWN_ODDS": (1 / 40, 1 / 20, 1 / 10),
}
CHOICE_DRAWS = 10
#: Accuracy that may be lost where nothing has shifted, which is within what the draws vary by.
MOST_LOST = 0.001

Measures = dict[str, float]


def measure(answers: Indices, truth: Indices, classes: int) -> Measures:
    """Accuracy, balanced accuracy of those of so many classes that are there, and recall and precision of the last."""
    recalls = [float((answers[truth == c] == c).mean()) for c in range(classes) if (truth == c).any()]
    named = answers == classes - 1
    return {
        "accuracy": float((answers == truth).mean()),
        "balanced accuracy": float(np.mean(recalls)),
        "recall": recalls[-1],
        "precision": float((truth[named] == classes - 1).mean()) if named.any() else 0.0,
    }


def plain(faces: Faces) -> Indices:
    """Answers of the model by itself."""
    return faces.embeddings[:, : len(EXPRESSIONS)].argmax(1)


def answers(adaptation: Adaptation, faces: Faces) -> Indices:
    return adaptation.probabilities(faces.embeddings).argmax(1)


def row(case: str, shots: int, name: str, before: float, after: list[float]) -> dict[str, Any]:
    gains = np.array(after) - before
    return {
        "case": case,
        "shots": shots,
        "measure": name,
        "before": round(before, 4),
        "after": round(float(np.mean(after)), 4),
        "gain": round(float(gains.mean()), 4),
        "deviation": round(float(gains.std()), 4),
        "spread": [round(float(v), 4) for v in np.quantile(gains, [0.025, 0.975])],
    }


def evened(faces: Faces) -> Adaptation:
    """What adapting does without any shot: the base rates drawn towards each other."""
    weights = np.eye(7, faces.embeddings.shape[1] + 1)
    weights[:, -1] = -adapting.EVENNESS * np.log(adapting.BASE_RATES)
    return Adaptation("", (), weights)


def new_label(faces: Faces, draws: int) -> list[dict[str, Any]]:
    """Rows of (a), from shots of contempt alone and of each of the eight."""
    shots, test = faces.within(*SHOTS_FROM), faces.within(*REPORTED)
    before, even = (measure(found, test.truth, 8) for found in (plain(test), answers(evened(faces), test)))
    rows = []
    for name in ("accuracy", "balanced accuracy"):
        rows.append(row("even rates alone", 0, name, before[name], [even[name]]))
    for case, classes in ((f"{OWN} alone", (7,)), ("each of the eight", range(8))):
        for each in SHOTS:
            log.info("%s, %d shots", case, each)
            found = after_shots(shots, test, classes, each, draws)
            for name, of in (
                ("accuracy", ""),
                ("balanced accuracy", ""),
                ("recall", f" of {OWN}"),
                ("precision", f" of {OWN}"),
            ):
                rows.append(row(case, each, name + of, before[name], [f[name] for f in found]))
    return rows


def after_shots(train: Faces, test: Faces, classes: range | tuple[int, ...], each: int, draws: int) -> list[Measures]:
    """What is measured on ``test`` after each draw of so many shots of each class from ``train``."""
    random, count = np.random.default_rng(each), 8 if (test.truth == 7).any() else 7
    return [
        measure(answers(adapt(train.shots(classes, each, random), ""), test), test.truth, count) for _ in range(draws)
    ]


def shifted(cases: dict[str, Faces], draws: int) -> list[dict[str, Any]]:
    """Rows of (b)."""
    rows = []
    reference: Measures = {}
    for case, faces in cases.items():
        log.info("%s", case)
        test = faces.within(*REPORTED)
        before, even = (measure(found, test.truth, 7) for found in (plain(test), answers(evened(test), test)))
        reference = reference or before
        found = after_shots(faces.within(*SHOTS_FROM), test, range(7), SHIFT_SHOTS, draws)
        for name in ("accuracy", "balanced accuracy"):
            rows.append(row(f"{case}, even rates alone", 0, name, before[name], [even[name]]))
            made = row(case, SHIFT_SHOTS, name, before[name], [f[name] for f in found])
            lost = reference[name] - before[name]
            rows.append(
                {**made, "lost": round(lost, 4), "won_back": round(made["gain"] / lost, 3) if lost > 0 else None}
            )
    return rows


def choose(faces: Faces, cases: dict[str, Faces]) -> list[dict[str, Any]]:
    """What each setting of the knobs gives within the half that shots come from, best first.

    That is the mean gain, over plain and balanced accuracy alike, of (a) from ten shots of contempt alone and of each
    of the eight, and of (b) in each of its cases. Settings that lose accuracy where nothing has shifted come last, the
    least loss first.
    """
    kept = {name: getattr(adapting, name) for name in GRID}
    train, test = SHOTS_FROM
    measured = {OWN: (faces, (7,), SHOTS[-1], 8), "eight": (faces, range(8), SHOTS[-1], 8)}
    measured |= {name: (shown, range(7), SHIFT_SHOTS, 7) for name, shown in cases.items()}
    rows = []
    for values in itertools.product(*GRID.values()):
        knobs = dict(zip(GRID, values, strict=True))
        for name, value in knobs.items():
            setattr(adapting, name, value)
        gains: dict[str, float] = {}
        for case, (shown, classes, each, count) in measured.items():
            tested = shown.within(test)
            before = measure(plain(tested), tested.truth, count)
            found = after_shots(shown.within(train), tested, classes, each, CHOICE_DRAWS)
            for name in ("accuracy", "balanced accuracy"):
                gains[f"{case}, {name}"] = float(np.mean([f[name] for f in found])) - before[name]
        told = {name: round(gain, 4) for name, gain in gains.items()}
        rows.append({**knobs, **told, "gain": round(float(np.mean(list(gains.values()))), 4)})
        log.info("%s", json.dumps(rows[-1]))
    for name, value in kept.items():
        setattr(adapting, name, value)
    return sorted(rows, key=lambda row: (max(0.0, -row["no shift, accuracy"] - MOST_LOST), -row["gain"]))


def base_rates(train: Split) -> list[float]:
    """Mean share (7,) of the taggers' votes for each expression in what models learn from."""
    shares, voted = vote_shares(train.take(fit_for_training(train)))
    return [round(float(share), 3) for share in shares[voted].mean(0)]


def splits() -> tuple[Split, Split]:
    """Training and validation."""
    train, validation = (Split.load(data_folder() / f"{part}.npz") for part in ("train", "validation"))
    return train, validation


def few_shot(file: Path, draws: int = DRAWS) -> dict[str, Any]:
    """Both measurements of a model file."""
    classifier = Classifier.load(str(file))
    train, validation = splits()
    rows = new_label(eight(classifier, train, validation), draws) + shifted(under_shifts(classifier, validation), draws)
    return {"model": classifier.name, "draws": draws, "rows": rows}


def write_into_card(file: Path, result: dict[str, Any]) -> None:
    """Put the result into the card beside the model file."""
    card = json.loads(file.with_suffix(".json").read_text())
    write_card({**card, "few_shot": result}, file)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(prog="python -m model_export.few_shot", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=MODELS / "default.onnx")
    parser.add_argument("--choose", action="store_true", help="try other knobs, within the half that shots come from")
    parser.add_argument("--card", action="store_true", help="write the result into the file's card")
    chosen = parser.parse_args()
    if chosen.choose:
        train, validation = splits()
        classifier = Classifier.load(str(chosen.file))
        tried = choose(eight(classifier, train, validation), under_shifts(classifier, validation))
        print(json.dumps({"base_rates": base_rates(train), "tried": tried}, indent=1))
    else:
        result = few_shot(chosen.file)
        print(json.dumps(result, indent=1))
        if chosen.card:
            write_into_card(chosen.file, result)
