"""Few-shot adaptation: from a few labelled shots to better answers for one's own face, or for a label of one's own.

No training and no state: :func:`adapt` is a pure function of the shots, and what it gives is one small matrix, which
travels as ``adaptation`` in a stream's options and is applied to each face's embedding before smoothing.

An embedding holds all that the model has to say of a face: first its seven log-probabilities, then the *evidence*, then
features. Features are scaled so that within each of the seven they have unit covariance (as in linear discriminant
analysis), and the evidence is the log-density of the face under the seven together, relative to that of the scaled
features' origin. So a label that the model has never seen is, to begin with, a Gaussian around the mean of its shots,
and its log-odds against all the seven are linear in the embedding: no picture but the shots is needed.

A maximum-a-posteriori fit of a softmax regression then corrects the scores of all labels for which there are shots,
starting from that prototype and from the model's own probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from moodstream.types import EXPRESSIONS, UNSURE, FrameReading, Problem, Reading

VERSION = 1
#: Labels of one's own in one adaptation, and characters of one.
MOST_LABELS, LONGEST_LABEL = 16, 40
MOST_SHOTS = 500
MOST_FEATURES = 512

#: Shares of the taggers' votes in the pictures that models learn from, whose answers follow them.
BASE_RATES = (0.085, 0.016, 0.035, 0.268, 0.148, 0.116, 0.332)
#: Who shows some labels wants each of them found. So among these the base rates are drawn towards each other: 0 leaves
#: them as they are, 1 makes the labels equally likely.
EVENNESS = 0.3
#: Odds of a label of one's own, which has no base rate, against the seven together.
OWN_ODDS = 1 / 20
#: A prototype is drawn towards the origin as if by so many more shots that lie there.
PROTOTYPE_SHOTS = 1.0
#: Precisions of the Gaussian priors of the fit: of each label's bias, of the weight of the model's own answer, and of
#: the features' weights. These, EVENNESS and OWN_ODDS are chosen (docs/decisions.md) from what
#: ``model_export.few_shot --choose`` measures on pictures that it does not report on; it prints the base rates too.
BIAS_PRECISION, SCALE_PRECISION, WEIGHT_PRECISION = 3.0, 100.0, 300.0
_NEWTON_STEPS = 12

Floats = npt.NDArray[np.float64]

_SEVEN = len(EXPRESSIONS)
_EVIDENCE = _SEVEN
_FEATURES = _SEVEN + 1  # index of the first


@dataclass(frozen=True, slots=True)
class Shot:
    """One face that a person has given a label: one of the seven, or one of their own.

    ``embedding`` is that of the face in an answer, (8 + d,) numbers.
    """

    label: str
    embedding: Sequence[float]


class OtherModel(ValueError):  # noqa: N818 - a state of the world
    """The adaptation was made with another model than the one that answers."""


@dataclass(frozen=True)
class Adaptation:
    """Scores of the seven and of ``labels`` as a linear function of an embedding; a softmax gives probabilities.

    ``weights`` is (7 + len(labels), 8 + d + 1), the last column being constant; ``model`` names the model whose
    embeddings it takes.
    """

    model: str
    labels: tuple[str, ...]
    weights: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """All labels in the order of the probabilities."""
        return (*EXPRESSIONS, *self.labels)

    def probabilities(self, embeddings: npt.ArrayLike) -> Floats:
        """Adapted probabilities (n, 7 + len(labels)) of embeddings (n, 8 + d).

        Raises:
            OtherModel: the embeddings have another length.
        """
        x = np.asarray(embeddings, float)
        if x.shape[-1] + 1 != self.weights.shape[1]:
            raise OtherModel(f"embeddings have {x.shape[-1]} numbers, the adaptation takes {self.weights.shape[1] - 1}")
        scores: Floats = _with_constant(x) @ self.weights.T
        return _softmax(scores)

    def adapted(self, answer: FrameReading) -> FrameReading:
        """An answer whose readings have embeddings, read anew; with another model's, an answer that says so."""
        embeddings = [reading.embedding for reading in answer.readings if reading.embedding is not None]
        if not embeddings:
            return answer
        try:
            if answer.model != self.model:
                raise OtherModel(f"it was made with the model {self.model}, the answers are by {answer.model}")
            rows = iter(self.probabilities(embeddings).tolist())
        except OtherModel as error:
            message = f"The adaptation does not fit: {error}. Make it again from new shots."
            bare = tuple(Reading(reading.face, crop=reading.crop) for reading in answer.readings)
            return replace(answer, status="error", error=Problem("other_model", message), readings=bare)
        unsure_below = answer.unsure_below or 0.0
        return replace(
            answer,
            readings=tuple(
                reading
                if reading.embedding is None
                else replace(reading, names=self.names).read(tuple(next(rows)), unsure_below)
                for reading in answer.readings
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """What travels: a few thousand numbers at most, of four digits."""
        weights = [[float(f"{value:.4g}") for value in row] for row in self.weights.tolist()]
        return {"v": VERSION, "model": self.model, "labels": list(self.labels), "weights": weights}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError: it is something else; the message is a sentence.
        """
        if not isinstance(data, dict) or data.get("v") != VERSION:
            raise ValueError(f"an adaptation is an object with v {VERSION}, model, labels and weights")
        model, labels = data.get("model"), data.get("labels")
        if not isinstance(model, str) or not isinstance(labels, list):
            raise ValueError("an adaptation names its model and has a list of labels")
        check_labels(labels)
        try:
            weights = np.array(data.get("weights"), float)
        except (TypeError, ValueError):
            raise ValueError("an adaptation's weights are rows of numbers, all of one length") from None
        rows = _SEVEN + len(labels)
        if weights.ndim != 2 or len(weights) != rows or not _FEATURES < weights.shape[1] <= MOST_FEATURES:
            raise ValueError(f"with {len(labels)} labels of its own an adaptation has {rows} rows of weights")
        if not np.isfinite(weights).all():
            raise ValueError("an adaptation's weights are finite")
        return cls(model, tuple(labels), weights)


def check_labels(labels: Sequence[object]) -> None:
    """Whether these can be labels of one's own.

    Raises:
        ValueError: one cannot; the message is a sentence.
    """
    if len(labels) > MOST_LABELS:
        raise ValueError(f"{len(labels)} labels of one's own are more than {MOST_LABELS}")
    for label in labels:
        if not isinstance(label, str) or not 1 <= len(label.strip()) == len(label) <= LONGEST_LABEL:
            raise ValueError(f"{label!r} is no label: 1 to {LONGEST_LABEL} characters without space around them")
        if label in (*EXPRESSIONS, UNSURE):
            raise ValueError(f"{label!r} is no label of one's own")
    if len(set(labels)) < len(labels):
        raise ValueError("two labels of one's own are the same")


def adapt(shots: Sequence[Shot], model: str) -> Adaptation:
    """The adaptation that follows from labelled shots, one or more of any labels; the same shots give the same.

    Labels without shots stay as the model knows them. ``model`` is the name in the answers that the shots are from.

    Raises:
        ValueError: a label or an embedding cannot be used; the message is a sentence.
    """
    x = _embeddings(shots)
    own = tuple(dict.fromkeys(shot.label for shot in shots if shot.label not in EXPRESSIONS))
    check_labels(own)
    names = (*EXPRESSIONS, *own)
    truth = np.array([names.index(shot.label) for shot in shots])
    features = x[:, _FEATURES:]

    # What is believed before the fit: the model's own answer, and the prototypes.
    weights = np.zeros((len(names), x.shape[1] + 1))
    weights[:_SEVEN, :_SEVEN] = np.eye(_SEVEN)
    for label in range(_SEVEN, len(names)):
        weights[label, 1:] = _prototype(features[truth == label])
    scores = _with_constant(x) @ weights.T
    for label in range(_SEVEN, len(names)):
        scores[truth == label, label] = _left_out(x[truth == label])
    scores[:, :_SEVEN] -= np.log(BASE_RATES)

    # The fit sees only labels that have shots: that one has none does not tell that it never comes. Nor do the numbers
    # of shots tell how often labels come, so they take the place of the rates in the scores that the fit begins with.
    shown, counts = np.unique(truth, return_counts=True)
    if len(shown) > 1:
        correction = _fit(scores[:, shown] + np.log(counts), features, np.searchsorted(shown, truth), shown < _SEVEN)
        weights[:_SEVEN, :_SEVEN] *= correction.scale
        weights[shown, -1] += correction.bias
        weights[shown, _FEATURES:-1] += correction.weights
    weights[:_SEVEN, -1] += _evened(np.arange(_SEVEN) if own else shown)
    weights[_SEVEN:, -1] += np.log(OWN_ODDS)
    return Adaptation(model, own, weights)


def _evened(labels: npt.NDArray[np.intp]) -> Floats:
    """What to add to the scores (7,) so that base rates among these labels are more even, and the same together."""
    rates = np.array(BASE_RATES)[labels]
    even = rates ** (1 - EVENNESS)
    change = np.zeros(_SEVEN)
    change[labels] = np.log(even / even.sum() * rates.sum() / rates)
    return change


def _embeddings(shots: Sequence[Shot]) -> Floats:
    """Embeddings (n, 8 + d) of the shots, checked."""
    if not 1 <= len(shots) <= MOST_SHOTS:
        raise ValueError(f"{len(shots)} shots: one to {MOST_SHOTS} are needed")
    if len({len(shot.embedding) for shot in shots}) > 1:
        raise ValueError("the shots' embeddings differ in length: they are not from one model")
    x = np.array([shot.embedding for shot in shots], float)
    if not _FEATURES < x.shape[1] < MOST_FEATURES or not np.isfinite(x).all():
        raise ValueError("an embedding is the list of finite numbers that an answer gives for a face")
    if np.abs(np.exp(np.minimum(x[:, :_SEVEN], 1)).sum(1) - 1).max() > 0.01:
        raise ValueError("an embedding begins with seven log-probabilities: these are from another kind of model")
    return x


def _prototype(features: Floats) -> Floats:
    """Weights of evidence, features and constant for a label with these shots (n, d): log N(mean, I) - evidence."""
    mean = features.sum(0) / (len(features) + PROTOTYPE_SHOTS)
    return np.concatenate([np.zeros(_EVIDENCE - 1), [-1.0], mean, [-mean @ mean / 2]])


def _left_out(x: Floats) -> Floats:
    """Score (n,) of each shot of a label by the prototype of the others, as a face that is no shot would be scored."""
    features = x[:, _FEATURES:]
    means = (features.sum(0) - features) / (len(features) - 1 + PROTOTYPE_SHOTS)
    return np.asarray((features * means).sum(1) - (means**2).sum(1) / 2 - x[:, _EVIDENCE])


@dataclass(frozen=True)
class _Correction:
    """``scale`` of the model's own scores, ``bias`` (k,) and ``weights`` (k, d) of the labels that were fitted."""

    scale: float
    bias: Floats
    weights: Floats


def _fit(scores: Floats, features: Floats, truth: npt.NDArray[np.intp], known: npt.NDArray[np.bool_]) -> _Correction:
    """The most probable correction of scores (n, k), given features (n, d) and the true label (n,) of each shot.

    ``known`` (k,) tells which of the labels are the model's. Newton's method: the problem is small and convex.
    """
    n, k = scores.shape
    d = features.shape[1]
    # Derivatives of every score by every parameter: scale, k biases, k rows of weights.
    slopes = np.zeros((n, k, 1 + k + k * d))
    slopes[:, :, 0] = scores * known
    for label in range(k):
        slopes[:, label, 1 + label] = 1
        slopes[:, label, 1 + k + label * d : 1 + k + (label + 1) * d] = features
    precision = np.repeat([SCALE_PRECISION, BIAS_PRECISION, WEIGHT_PRECISION], [1, k, k * d])
    right = np.eye(k)[truth]

    def cost(found: Floats) -> float:
        probabilities = _softmax(scores + slopes @ found)
        return float(-np.log((probabilities * right).sum(1) + 1e-300).sum() + found @ (precision * found) / 2)

    found, lowest = np.zeros(slopes.shape[2]), cost(np.zeros(slopes.shape[2]))
    for _ in range(_NEWTON_STEPS):
        probabilities = _softmax(scores + slopes @ found)
        gradient = np.einsum("nk,nkp->p", probabilities - right, slopes) + precision * found
        centred = slopes - np.einsum("nk,nkp->np", probabilities, slopes)[:, None]
        root = (np.sqrt(probabilities)[:, :, None] * centred).reshape(n * k, -1)
        step = np.linalg.solve(root.T @ root + np.diag(precision), gradient)
        while (now := cost(found - step)) > lowest and np.abs(step).max() > 1e-9:
            step /= 2
        if lowest - now < 1e-6:
            break
        found, lowest = found - step, now
    return _Correction(1 + float(found[0]), found[1 : 1 + k], found[1 + k :].reshape(k, d))


def _with_constant(x: Floats) -> Floats:
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))
