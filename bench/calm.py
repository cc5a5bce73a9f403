"""Whether labels are calm and yet quick: ``python -m bench.calm [--split validation] [--faces 60]`` prints JSON.

Still pictures of FER-2013 are shown to a noisy camera: light and place tremble a little, each pixel has noise, each
frame is a JPEG. The frames take the product's way: decoded, searched, cropped, classified, settled by a stream's
session. What is counted: how often the label of a face changes that does not change.

For the opposite, a true change, the readings of one face are followed by those of another that is steadily read as
something else, in the same seat. What is told: how long it takes until the new label is shown.

The defaults of detector_service/smooth.py were chosen with ``--split train``, but for how a label that turns back is
held and that a change needs no margin, to which validation pictures led, even-numbered and odd. The odd ones are shown.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.gallery import matched
from bench.grid import Gallery
from bench.people import Picture, drawn
from classifier_service.classifier import Classifier
from detector_service.detectors import make_detector
from detector_service.find import find
from detector_service.finder import Finder
from detector_service.hello import Hello
from detector_service.session import Session
from detector_service.smooth import DEFAULT_S, MARGIN, Smoother
from model_export.data import Split, data_folder, fit_for_training
from moodstream.settings import settings
from moodstream.types import CROP_SIDE, EXPRESSIONS, UNSURE, FrameReading

Probabilities = NDArray[np.float64]

#: Faces on one frame, and its size.
TOGETHER, FRAME = 6, (1280, 720)
FPS = 15
#: Standard deviations: noise of a pixel in gray levels, light as a share, place in pixels; and JPEG's quality.
NOISE, LIGHT, TREMBLE, QUALITY = 5.0, 0.02, 0.5, 70
CONSTANTS_S = (0.0, 0.3, 1.0, 3.0)
#: A change counts as shown in time within this.
SHOWN_WITHIN_S = 0.5
#: Each of a pair is shown for so long in the trial of a true change.
EACH_S = 2.0


def camera(still: Picture, frames: int, random: np.random.Generator) -> Iterator[bytes]:
    """JPEG after JPEG of the same scene."""
    # Fields of noise that are shifted at random cost less than new ones, and no two frames have the same.
    fields = [random.normal(0, NOISE, still.shape).astype(np.int8) for _ in range(4)]
    for number in range(frames):
        place = np.array([[1, 0, random.normal(0, TREMBLE)], [0, 1, random.normal(0, TREMBLE)]])
        frame = cv2.warpAffine(still, place, FRAME, borderMode=cv2.BORDER_REPLICATE)
        frame = cv2.convertScaleAbs(frame, alpha=1 + random.normal(0, LIGHT))
        noise = np.roll(fields[number % len(fields)], random.integers(0, FRAME, 2)[::-1], (0, 1))
        noisy = cv2.add(frame, noise, dtype=cv2.CV_8U)
        yield cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


class Watched:
    """What the product said of the faces on one grid, frame by frame."""

    def __init__(self, pictures: NDArray[np.uint8], seconds: float, seed: int) -> None:
        random = np.random.default_rng(seed)
        options, classifier = settings(), Classifier.load(settings().model)
        detector, finder, session = make_detector(options), Finder(), Session(individual=True, group_min=5)
        session.agree(Hello(v=1))
        still, self._boxes = Gallery([drawn(p, random) for p in pictures], FRAME, seed).frame(moving=False)
        self.labels: list[list[str]] = [[] for _ in pictures]
        self.seats: list[set[int]] = [set() for _ in pictures]
        self.raw: list[list[Probabilities]] = [[] for _ in pictures]
        self.unsure_below = classifier.unsure_below
        try:
            for number, jpeg in enumerate(camera(still, round(seconds * FPS), random)):
                at = number / FPS
                answer, crops = find(jpeg, detector, options, finder, at)
                answer = replace(answer, frame=number, captured_ms=round(at * 1000))
                if answer.readings:
                    result = classifier.classify(np.frombuffer(crops, np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE))
                    reply = {"status": "ok", "probabilities": result.probabilities.tolist(), "model": classifier.name}
                    answer = answer.classified({**reply, "unsure_below": self.unsure_below, "classify_ms": 0.0})
                self._note(session.settle(answer))
        finally:
            detector.close()

    def _note(self, answer: FrameReading) -> None:
        for reading in answer.readings:
            for who in matched([reading.face], self._boxes, whole_tiles=False)[0]:
                assert reading.label is not None and reading.raw is not None and reading.face.seat is not None
                self.labels[who].append(reading.label)
                self.seats[who].add(reading.face.seat)
                self.raw[who].append(np.array(reading.raw))


def changes(labels: list[str]) -> int:
    return sum(a != b for a, b in itertools.pairwise(labels))


def replayed(rows: list[Probabilities], unsure_below: float, constant_s: float) -> list[str]:
    """The labels that another time constant would have given."""
    smoother = Smoother(constant_s)
    return [smoother.smooth(1, EXPRESSIONS, tuple(row), unsure_below, i / FPS).label for i, row in enumerate(rows)]


def steady_label(rows: list[Probabilities], unsure_below: float) -> str:
    """How a face is read on the whole; unsure where it is not clear of the threshold."""
    mean = np.mean(rows, axis=0)
    return EXPRESSIONS[int(mean.argmax())] if mean.max() >= unsure_below + MARGIN else UNSURE


def delays(faces: list[list[Probabilities]], unsure_below: float, constant_s: float) -> list[float]:
    """Seconds from each true change between two faces to the first frame with the new label; inf: not shown."""
    part = round(EACH_S * FPS)
    found = []
    for before, after in itertools.permutations(faces, 2):
        labels = steady_label(before, unsure_below), steady_label(after, unsure_below)
        if UNSURE in labels or labels[0] == labels[1]:
            continue
        shown = replayed([*before[:part], *after[:part]], unsure_below, constant_s)[part:]
        # The frame that shows it was taken one interval after the last one that was still the old.
        found.append((shown.index(labels[1]) + 1) / FPS if labels[1] in shown else float("inf"))
    return found


def quantile(took: list[float], share: float) -> float | None:
    """Seconds within which that share of the changes was shown; none if there were none or fewer were shown."""
    within = float(np.quantile(took, share, method="higher")) if took else float("inf")
    return round(within, 3) if np.isfinite(within) else None


def told(faces: list[list[Probabilities]], unsure_below: float, constant_s: float) -> dict[str, object]:
    """Calm and quickness under one time constant."""
    minutes = sum(len(rows) for rows in faces) / FPS / 60
    counted = [changes(replayed(rows, unsure_below, constant_s)) for rows in faces]
    took = delays(faces, unsure_below, constant_s)
    late = sum(delay > SHOWN_WITHIN_S for delay in took)
    return {
        "label_changes_a_minute": round(sum(counted) / minutes, 3),
        "true_changes": len(took),
        "shown_within_half_a_second": round(1 - late / len(took), 4) if took else None,
        "shown_after_s_p50": quantile(took, 0.5),
        "shown_after_s_p99": quantile(took, 0.99),
    }


def measure(split: str, n: int, seconds: float, seed: int) -> dict[str, object]:
    pictures = Split.load(data_folder() / f"{split}.npz")
    if split == "validation":
        pictures = pictures.take(np.arange(1, len(pictures), 2))
    pictures = pictures.take(fit_for_training(pictures))
    chosen = np.random.default_rng(seed).permutation(len(pictures))[:n]
    parts = [chosen[i : i + TOGETHER] for i in range(0, len(chosen), TOGETHER)]
    watched = [Watched(pictures.images[part], seconds, seed + i) for i, part in enumerate(parts)]
    unsure_below = watched[0].unsure_below
    seen = [
        (labels, seats, raw)
        for w in watched
        for labels, seats, raw in zip(w.labels, w.seats, w.raw, strict=True)
        if len(labels) > seconds * FPS / 2
    ]
    minutes = sum(len(labels) for labels, _, _ in seen) / FPS / 60
    shown = [changes(labels) for labels, _, _ in seen]
    faces = [raw for _, _, raw in seen]
    return {
        "pictures": f"FER-2013 {split}, {len(chosen)} at random",
        "faces_found": len(seen),
        "seats": sum(len(seats) for _, seats, _ in seen),
        "minutes_of_faces": round(minutes, 2),
        "time_constant_s": DEFAULT_S,
        "margin": MARGIN,
        "label_changes_a_minute": round(sum(shown) / minutes, 3),
        "most_changes_of_one_face_a_minute": round(max(shown) / seconds * 60, 2),
        "by_time_constant_s": {constant: told(faces, unsure_below, constant) for constant in CONSTANTS_S},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("validation", "train"), default="validation")
    parser.add_argument("--faces", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.split, chosen.faces, chosen.seconds, chosen.seed), indent=2))
