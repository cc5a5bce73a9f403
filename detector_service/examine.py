"""Whether something that looks like a face is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from detector_service.detectors import Detector
from detector_service.looks import Frame, Square, look
from moodstream.types import Face

#: Side of a close-up in sides of the face's box: room for it to move between two frames, and for a rough first box.
CLOSE_UP = 1.75
#: The looks that a new face must stand, as side of the square and whether it is mirrored; the first gives its box.
_LOOKS = ((CLOSE_UP, True), (2.3, True))
#: The further ones for a face that these do not show clearly, by so much more than the least score.
_FURTHER = ((CLOSE_UP, False), (3.0, False), (1.4, True), (2.0, False))
CLEARLY = 0.15
#: So many faces get looks of their own; of more, four share a look, and only what is not clear gets its own.
_ALONE = 4


def examine(detector: Detector, frame: Frame, faces: list[Face]) -> list[Face | None]:
    """The faces that stand further looks, with better boxes; None for those that do not.

    Something that is no face may look like one by chance in one look or two, and rarely in six.
    """
    clearly = detector.min_score + CLEARLY
    stood = _stand(detector, frame, faces, 1 if len(faces) <= _ALONE else 2)
    unclear = [i for i, face in enumerate(stood) if face.score < clearly]
    if len(faces) > _ALONE:
        for i, face in zip(unclear, _stand(detector, frame, [faces[i] for i in unclear], 1), strict=True):
            stood[i] = face
    unclear = [i for i, face in enumerate(stood) if detector.min_score <= face.score < clearly]
    scores = _scores(detector, frame, [stood[i] for i in unclear], 1, _FURTHER)
    for i, further in zip(unclear, scores, strict=True):
        n, m = len(_LOOKS), len(_FURTHER)
        stood[i] = replace(stood[i], score=(n * stood[i].score + m * further) / (n + m))
    return [face if face.score >= detector.min_score else None for face in stood]


def _stand(detector: Detector, frame: Frame, faces: list[Face], wide: int) -> list[Face]:
    """Each face as the first look shows it, with the mean score of the looks.

    The look by which it was proposed does not count, since it flatters what it proposes.
    """
    first, others = _LOOKS[0], _LOOKS[1:]
    near = close_up(detector, frame, faces, wide, first[0], mirrored=first[1])
    seen = [found or replace(face, score=0.0) for found, face in zip(near, faces, strict=True)]
    # Less than this the other looks cannot make good.
    least = len(_LOOKS) * detector.min_score - len(others)
    hopeful = [i for i, face in enumerate(seen) if face.score >= least]
    stood = [replace(face, score=face.score / len(_LOOKS)) for face in seen]
    scores = _scores(detector, frame, [seen[i] for i in hopeful], wide, others)
    for i, score in zip(hopeful, scores, strict=True):
        stood[i] = replace(seen[i], score=(seen[i].score + len(others) * score) / len(_LOOKS))
    return stood


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
