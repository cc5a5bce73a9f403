"""What few-shot adaptation gives: ``python -m model_export.few_shot [FILE]`` measures it and prints JSON.

(a) Contempt, which no net here has learnt, as a label of one's own, from 1, 5 and 10 shots: its recall and precision,
and the balanced accuracy of the eight. Shots are drawn from one half of the contempt pictures, tested is on the other
half and on validation. The gain has two parts, so both are told: beside a label of one's own all labels count as
equally likely, which alone helps the rare ones ("equal rates"), and the shots.

(b) Five shots an expression under low light, blur and side light, and without any shift: accuracy before and after, and
the share of the loss that is won back.

Truth is the taggers' plurality. Shots and test never share a picture. ``--choose`` prints what the knobs of
`moodstream/adapt.py` give within the half that the shots are drawn from; the other half is for reporting alone.
``--card`` writes the result into the file's card.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from classifier_service.classifier import MODELS, Classifier
from model_export.card import write_card
from model_export.data import CONTEMPT, Split, data_folder, plurality
from moodstream import adapt as adapting
from moodstream.adapt import Adaptation, Shot, adapt
from moodstream.types import EXPRESSIONS

DRAWS = 100
SHOTS = (1, 5, 10)
SHIFT_SHOTS = 5
OWN = "contempt"
#: Low light leaves this share of the light, with sensor noise of so many grey levels.
LIGHT_LEFT, NOISE = 0.3, 5.0
#: Standard deviation of the blur in pixels of the 48.
BLUR = 1.7
#: Light from one side: brightness of the dark and of the bright half, and how sharp the edge between is.
DARK, BRIGHT, EDGE = 0.05, 1.3, 0.25
#: What ``--choose`` tries.
GRID = {
    "WEIGHT_PRECISION": (30.0, 100.0, 300.0),
    "BIAS_PRECISION": (1.0, 3.0, 10.0),
    "PROTOTYPE_SHOTS": (1.0, 3.0, 10.0),
}

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Faces:
    """Embeddings (n, d) and the true class (n,) of each, 7 for contempt."""

    embeddings: Floats
    truth: Indices

    def half(self, second: bool, seed: int) -> Faces:
        """One of two halves, the same for the same seed, with each class halved."""
        order = np.random.default_rng(seed).permutation(len(self.truth))
        order = order[np.argsort(self.truth[order], kind="stable")]
        chosen = order[int(second) :: 2]
        return Faces(self.embeddings[chosen], self.truth[chosen])

    def shots(self, classes: range | tuple[int, ...], each: int, random: np.random.Generator) -> list[Shot]:
        """So many faces of each class, as a person would label them."""
        names = (*EXPRESSIONS, OWN)
        chosen = [random.choice(np.flatnonzero(self.truth == c), each, replace=False) for c in classes]
        return [
            Shot(names[c], self.embeddings[i].tolist()) for c, rows in zip(classes, chosen, strict=True) for i in rows
        ]


def low_light(images: Pictures) -> Pictures:
    noise = np.random.default_rng(0).normal(0, NOISE, images.shape)
    return np.clip(images * LIGHT_LEFT + noise, 0, 255).astype(np.uint8)


def blur(images: Pictures) -> Pictures:
    return np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in images]).astype(np.uint8)


def side_light(images: Pictures) -> Pictures:
    across = np.linspace(-1, 1, images.shape[2])
    light = DARK + (BRIGHT - DARK) / (1 + np.exp(-across / EDGE))
    return np.clip(images * light, 0, 255).astype(np.uint8)


SHIFTS: dict[str, Callable[[Pictures], Pictures]] = {"low light": low_light, "blur": blur, "side light": side_light}


def read(classifier: Classifier, images: Pictures, truth: Indices) -> Faces:
    parts = [classifier.classify(images[i : i + 256]).embeddings for i in range(0, len(images), 256)]
    return Faces(np.concatenate(parts).astype(float), truth)


def contempt(split: Split) -> npt.NDArray[np.bool_]:
    """Pictures (n,) that more taggers call contempt than anything else.

    Raises:
        SystemExit: the data has no votes.
    """
    if split.votes is None:
        raise SystemExit("The data has no FER+ votes, and so no contempt: prepare it from a source that has them")
    return np.asarray(split.votes.argmax(1) == CONTEMPT)


def measure(answers: Indices, truth: Indices, classes: int) -> dict[str, float]:
    """Accuracy, balanced accuracy of so many classes, and recall and precision of the last."""
    recalls = [float((answers[truth == c] == c).mean()) for c in range(classes)]
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


def new_label(faces: Faces, draws: int, seed: int) -> list[dict[str, Any]]:
    """Rows of (a).

    With shots of contempt alone all pictures of the seven are there to test on; with shots of all, one half of them.
    """
    shots, test = faces.half(False, seed), faces.half(True, seed)
    seven = faces.truth < 7
    contempt_test = test.embeddings[test.truth == 7]
    wide = Faces(
        np.concatenate([faces.embeddings[seven], contempt_test]),
        np.concatenate([faces.truth[seven], np.full(len(contempt_test), 7)]),
    )
    rates = Adaptation("", (), np.eye(7, faces.embeddings.shape[1] + 1))
    rates.weights[:, -1] = -np.log(adapting.BASE_RATES)
    rows = []
    for case, classes, tested in ((f"{OWN} alone", (7,), wide), ("each of the eight", range(8), test)):
        before = measure(plain(tested), tested.truth, 8)
        equal = measure(answers(rates, tested), tested.truth, 8)["balanced accuracy"]
        rows.append(row(f"{case}: equal rates", 0, "balanced accuracy", before["balanced accuracy"], [equal]))
        for each in SHOTS:
            random = np.random.default_rng(each)
            found = [
                measure(answers(adapt(shots.shots(classes, each, random), ""), tested), tested.truth, 8)
                for _ in range(draws)
            ]
            rows.append(row(case, each, *_column("balanced accuracy", before, found)))
            rows.extend(
                row(case, each, f"{name} of {OWN}", *_column(name, before, found)[1:])
                for name in ("recall", "precision")
            )
    return rows


def _column(name: str, before: dict[str, float], found: list[dict[str, float]]) -> tuple[str, float, list[float]]:
    return name, before[name], [f[name] for f in found]


def shifted(classifier: Classifier, split: Split, draws: int, seed: int) -> list[dict[str, Any]]:
    """Rows of (b)."""
    truth = plurality(split)
    split, truth = split.take(truth >= 0), truth[truth >= 0]
    clean = read(classifier, split.images, truth)
    reference = measure(plain(clean.half(True, seed)), clean.half(True, seed).truth, 7)
    rows = []
    for case, change in {"no shift": None, **SHIFTS}.items():
        faces = clean if change is None else read(classifier, change(split.images), truth)
        train, test = faces.half(False, seed), faces.half(True, seed)
        before = measure(plain(test), test.truth, 7)
        random = np.random.default_rng(SHIFT_SHOTS)
        found = [
            measure(answers(adapt(train.shots(range(7), SHIFT_SHOTS, random), ""), test), test.truth, 7)
            for _ in range(draws)
        ]
        for name in ("accuracy", "balanced accuracy"):
            made = row(case, SHIFT_SHOTS, name, before[name], [f[name] for f in found])
            lost = reference[name] - before[name]
            rows.append(
                {**made, "lost": round(lost, 4), "won_back": round(made["gain"] / lost, 3) if lost > 0 else None}
            )
    return rows


def choose(faces: Faces) -> list[dict[str, Any]]:
    """Balanced accuracy of the eight for each setting of the knobs, 10 shots each, within the half for the shots."""
    train, test = faces.half(False, 1), faces.half(True, 1)
    kept = {name: getattr(adapting, name) for name in GRID}
    rows = []
    for values in itertools.product(*GRID.values()):
        knobs = dict(zip(GRID, values, strict=True))
        for name, value in knobs.items():
            setattr(adapting, name, value)
        random = np.random.default_rng(0)
        least = min(int((train.truth == c).sum()) for c in range(8))
        found = [
            measure(answers(adapt(train.shots(range(8), min(10, least), random), ""), test), test.truth, 8)
            for _ in range(20)
        ]
        rows.append({**knobs, "balanced accuracy": round(float(np.mean([f["balanced accuracy"] for f in found])), 4)})
    for name, value in kept.items():
        setattr(adapting, name, value)
    return sorted(rows, key=lambda r: -r["balanced accuracy"])


def eight(classifier: Classifier, train: Split, validation: Split) -> Faces:
    """Validation with its seven, and all pictures of contempt from both splits."""
    crowd = plurality(validation)
    images = [validation.images[crowd >= 0]] + [s.images[contempt(s)] for s in (validation, train)]
    truth = np.concatenate([crowd[crowd >= 0], *(np.full(len(part), 7) for part in images[1:])])
    return read(classifier, np.concatenate(images), truth)


def few_shot(file: Path, draws: int = DRAWS, seed: int = 0) -> dict[str, Any]:
    """Both measurements of a model file."""
    classifier = Classifier.load(str(file))
    validation, train = (Split.load(data_folder() / f"{part}.npz") for part in ("validation", "train"))
    faces = eight(classifier, train, validation)
    rows = new_label(faces, draws, seed) + shifted(classifier, validation, draws, seed)
    return {"model": classifier.name, "draws": draws, "rows": rows}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m model_export.few_shot", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=MODELS / "default.onnx")
    parser.add_argument("--choose", action="store_true", help="try other knobs, within the half that shots come from")
    parser.add_argument("--card", action="store_true", help="write the result into the file's card")
    chosen = parser.parse_args()
    if chosen.choose:
        parts = (Split.load(data_folder() / f"{part}.npz") for part in ("train", "validation"))
        print(json.dumps(choose(eight(Classifier.load(str(chosen.file)), *parts).half(False, 0)), indent=1))
    else:
        result = few_shot(chosen.file)
        print(json.dumps(result, indent=1))
        if chosen.card:
            card = json.loads(chosen.file.with_suffix(".json").read_text())
            write_card({**card, "few_shot": result}, chosen.file)
