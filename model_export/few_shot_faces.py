"""The faces that adaptation is measured on: with contempt among them, and under shifts of light and sharpness."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from classifier_service.classifier import Classifier
from model_export.data import CONTEMPT, Split, plurality
from moodstream.adapt import Shot
from moodstream.types import EXPRESSIONS

OWN = "contempt"
#: Low light leaves this share of the light, with sensor noise of so many grey levels.
LIGHT_LEFT, NOISE = 0.3, 5.0
#: Standard deviation of the blur in pixels of the 48.
BLUR = 1.7
#: Light from one side: brightness of the dark and of the bright half, and how sharp the edge between is.
DARK, BRIGHT, EDGE = 0.05, 1.3, 0.25

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Faces:
    """Embeddings (n, d), the true class (n,) of each, 7 for contempt, and its part (n,) of :func:`parts_of`."""

    embeddings: Floats
    truth: Indices
    parts: Indices

    def within(self, *parts: int) -> Faces:
        return self.take(np.isin(self.parts, parts))

    def take(self, chosen: npt.NDArray[np.bool_]) -> Faces:
        return Faces(self.embeddings[chosen], self.truth[chosen], self.parts[chosen])

    def shots(self, classes: range | tuple[int, ...], each: int, random: np.random.Generator) -> list[Shot]:
        """So many faces of each class, or all where there are fewer, as a person would label them."""
        names = (*EXPRESSIONS, OWN)
        faces = [np.flatnonzero(self.truth == c) for c in classes]
        chosen = [random.choice(rows, min(each, len(rows)), replace=False) for rows in faces]
        return [
            Shot(names[c], self.embeddings[i].tolist()) for c, rows in zip(classes, chosen, strict=True) for i in rows
        ]


def parts_of(images: Pictures) -> Indices:
    """A part from 0 to 3 for each picture (n, 48, 48), by its pixels alone, so that twins share it."""
    return np.array([hashlib.sha256(image.tobytes()).digest()[0] % 4 for image in images])


def low_light(images: Pictures) -> Pictures:
    """Pictures (n, 48, 48) as a camera takes them in a dim room."""
    noise = np.random.default_rng(0).normal(0, NOISE, images.shape)
    return np.clip(images * LIGHT_LEFT + noise, 0, 255).astype(np.uint8)


def blur(images: Pictures) -> Pictures:
    """Pictures (n, 48, 48) out of focus."""
    return np.stack([cv2.GaussianBlur(image, (0, 0), BLUR) for image in images]).astype(np.uint8)


def side_light(images: Pictures) -> Pictures:
    """Pictures (n, 48, 48) lit from the right alone."""
    across = np.linspace(-1, 1, images.shape[2])
    light = DARK + (BRIGHT - DARK) / (1 + np.exp(-across / EDGE))
    return np.clip(images * light, 0, 255).astype(np.uint8)


SHIFTS: dict[str, Callable[[Pictures], Pictures]] = {"low light": low_light, "blur": blur, "side light": side_light}


def read(classifier: Classifier, images: Pictures, truth: Indices, parts: Indices) -> Faces:
    """Pictures (n, 48, 48) as the classifier sees them."""
    found = [classifier.classify(images[i : i + 256]).embeddings for i in range(0, len(images), 256)]
    return Faces(np.concatenate(found).astype(float), truth, parts)


def contempt(split: Split) -> npt.NDArray[np.bool_]:
    """Pictures (n,) that more taggers call contempt than anything else.

    Raises:
        SystemExit: the data has no votes.
    """
    if split.votes is None:
        raise SystemExit("The data has no FER+ votes, and so no contempt: prepare it from a source that has them")
    return np.asarray(split.votes.argmax(1) == CONTEMPT)


def under_shifts(classifier: Classifier, split: Split) -> dict[str, Faces]:
    """A split's faces of the seven by case: without any shift first, then under each."""
    truth = plurality(split)
    split, truth = split.take(truth >= 0), truth[truth >= 0]
    parts = parts_of(split.images)
    changed = {"no shift": split.images} | {case: change(split.images) for case, change in SHIFTS.items()}
    return {case: read(classifier, images, truth, parts) for case, images in changed.items()}


def eight(classifier: Classifier, train: Split, validation: Split) -> Faces:
    """Validation with its seven, and all pictures of contempt from both splits."""
    crowd = plurality(validation)
    images = [validation.images[crowd >= 0]] + [s.images[contempt(s)] for s in (validation, train)]
    truth = np.concatenate([crowd[crowd >= 0], *(np.full(len(part), 7) for part in images[1:])])
    together = np.concatenate(images)
    return read(classifier, together, truth, parts_of(together))
