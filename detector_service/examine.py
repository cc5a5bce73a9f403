"""Whether something that looks like a face is one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector_service.crop import crop
from detector_service.detectors import Detector
from detector_service.face_check import face_odds
from detector_service.looks import Frame, Square, look
from moodstream.types import Face

#: Side of a close-up in sides of the face's box: room for it to move between two frames, and for a rough first box.
CLOSE_UP = 1.75
#: The looks that a new face must stand, as side of the square and whether it is mirrored; together they give its box.
_LOOKS = ((CLOSE_UP, True), (2.3, True))
#: The further ones for a face that these do not show clearly, by so much more than the least score.
_FURTHER = ((CLOSE_UP, False), (3.0, False), (1.4, True), (2.0, False))
CLEARLY = 0.15
#: So many faces get looks of their own; of more, four share a look, and only what is not clear gets its own.
_ALONE = 4
#: From this part of the frame's longer side on a box is large, and up to the second the larger the better.
_LARGE = (0.1, 0.2)
#: What the check adds to the score of a large one: for each unit of its log-odds, for each doubling of the side, less
#: what it takes to add anything; and at most so much.
_BY_ODDS, _BY_SIZE, _LESS, _MOST = 0.04, 0.1, 0.1, 0.2
#: Where the body of a face is, in sides of its box from the middle: up to so far beside it, and so far below.
_BESIDE, _BELOW = 2.0, (0.6, 3.2)
#: Log-odds from which further looks are spared, and what they add at least, whatever the size.
_CERTAIN, _ADDED = 9.0, 0.08


def examine(detector: Detector, frame: Frame, faces: list[Face], known: Sequence[Face] = ()) -> list[Face | None]:
    """The faces that stand further looks and the check, with better boxes; None for those that do not.

    Something that is no face may look like one by chance in one look or two, and rarely in six. The check was taught on
    other pictures than the detector: what it denies is none, and what it confirms needs less of a score, except on the
    body of a surer face or a ``known`` one, where folds, badges and hands look like faces more often than faces are.
    """
    clearly = detector.min_score + CLEARLY
    stood = _stand(detector, frame, faces, 1 if len(faces) <= _ALONE else 2)
    if len(faces) > _ALONE:
        unclear = [i for i, face in enumerate(stood) if face.score < clearly]
        for i, face in zip(unclear, _stand(detector, frame, [faces[i] for i in unclear], 1), strict=True):
            stood[i] = face
    odds = _odds(detector, frame, stood)
    surest = [
        *known,
        *(face for odd, face in zip(odds, stood, strict=True) if odd >= _CERTAIN or face.score >= clearly),
    ]
    added = [_added(odd, frame, face, surest) for odd, face in zip(odds, stood, strict=True)]
    scores = [face.score for face in stood]
    unclear = [
        i
        for i, score in enumerate(scores)
        if detector.min_score - added[i] <= score < clearly and 0 <= odds[i] < _CERTAIN
    ]
    n, m = len(_LOOKS), len(_FURTHER)
    for i, further in zip(unclear, _scores(detector, frame, [stood[i] for i in unclear], 1, _FURTHER), strict=True):
        scores[i] = (n * scores[i] + m * further) / (n + m)
    return [
        replace(face, score=min(score + more, 1.0)) if odd >= 0 and score + more >= detector.min_score else None
        for face, score, more, odd in zip(stood, scores, added, odds, strict=True)
    ]


def _odds(detector: Detector, frame: Frame, faces: list[Face]) -> list[float]:
    """The check's log-odds of each face, -inf where no look showed it."""
    seen = [i for i, face in enumerate(faces) if face.score > 0]
    odds = [-math.inf] * len(faces)
    if seen:
        crops = np.stack([crop(frame.gray, faces[i], detector.framing) for i in seen])
        for i, odd in zip(seen, face_odds(crops).tolist(), strict=True):
            odds[i] = odd
    return odds


def _added(odds: float, frame: Frame, face: Face, others: list[Face]) -> float:
    """What the check's log-odds add to the score of a face, beside ``others`` that are sure."""
    least, enough = _LARGE
    added = _ADDED if odds >= _CERTAIN else 0.0
    part = max(face.box[2:]) / max(frame.width, frame.height)
    if part >= least and not any(_on_body(face, other) for other in others):
        by_size = _BY_SIZE * math.log2(min(part, enough) / least)
        added = max(added, _BY_ODDS * odds + by_size - _LESS)
    return min(added, _MOST)


def _on_body(face: Face, other: Face) -> bool:
    """Whether a face lies where the body of another is."""
    (x, y), (other_x, other_y), side = middle(face), middle(other), max(other.box[2:])
    return abs(x - other_x) < _BESIDE * side and _BELOW[0] * side < y - other_y < _BELOW[1] * side


def _stand(detector: Detector, frame: Frame, faces: list[Face], wide: int) -> list[Face]:
    """Each face with the mean box and score of the looks; score 0 if the first does not show it.

    The look by which it was proposed does not count, since it flatters what it proposes.
    """
    (factor, mirrored), others = _LOOKS[0], _LOOKS[1:]
    first = close_up(detector, frame, faces, wide, factor, mirrored=mirrored)
    seen = [i for i, face in enumerate(first) if face is not None]
    near = [face for face in first if face is not None]
    looks = [close_up(detector, frame, near, wide, factor, mirrored=mirrored) for factor, mirrored in others]
    stood = [replace(face, score=0.0) for face in faces]
    for i, *each in zip(seen, near, *looks, strict=True):
        stood[i] = _mean([face for face in each if face is not None], len(_LOOKS))
    return stood


def _mean(seen: list[Face], looks: int) -> Face:
    """The mean of what so many looks showed; one that does not show the face counts 0 for the score."""
    box = tuple(np.mean([face.box for face in seen], 0).tolist())
    points = [face.keypoints for face in seen if face.keypoints]
    mean_points = tuple((float(x), float(y)) for x, y in np.mean(points, 0)) if points else None
    return replace(seen[0], box=box, keypoints=mean_points, score=sum(face.score for face in seen) / looks)


def _scores(
    detector: Detector, frame: Frame, faces: list[Face], wide: int, looks: Sequence[tuple[float, bool]]
) -> list[float]:
    """The mean score of each face over the looks; a look that does not show it counts 0."""
    seen = [close_up(detector, frame, faces, wide, factor, mirrored=mirrored) for factor, mirrored in looks]
    return [sum(face.score if face else 0.0 for face in each) / len(looks) for each in zip(*seen, strict=True)]


def close_up(
    detector: Detector, frame: Frame, faces: list[Face], wide: int, factor: float = CLOSE_UP, *, mirrored: bool = False
) -> list[Face | None]:
    """Each face looked at again, ``wide`` x ``wide`` at a time, in squares ``factor`` times its size."""
    squares = [Square.around(face, factor) for face in faces]
    found = look(detector, frame, squares, wide, mirrored)
    return [_best(face, near) for face, near in zip(faces, found, strict=True)]


def _best(expected: Face, found: list[Face]) -> Face | None:
    """The surest face near the middle of a close-up and of about the expected size."""
    x, y = middle(expected)
    side = max(expected.box[2:])
    near = [
        face
        for face in found
        if max(abs(middle(face)[0] - x), abs(middle(face)[1] - y)) < 0.6 * side and 0.4 < max(face.box[2:]) / side < 2.5
    ]
    return max(near, key=lambda face: face.score, default=None)


def middle(face: Face) -> tuple[float, float]:
    """The middle of the face's box."""
    x, y, w, h = face.box
    return x + w / 2, y + h / 2
