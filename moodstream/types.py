"""The one data type that flows through everything: a frame, its faces and what is read in them."""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

#: The seven expressions, in this order everywhere: model outputs, probabilities, tables.
EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
#: What a face is called whose best probability lies below the model's threshold.
UNSURE = "unsure"
#: Side of a crop in pixels; a crop is uint8 gray, CROP_SIDE x CROP_SIDE.
CROP_SIDE = 48
CROP_BYTES = CROP_SIDE * CROP_SIDE
#: Version of the JSON answer.
VERSION = 1

Status = Literal["ok", "stale", "overloaded", "error"]
#: individual: a label for every face; group: boxes without labels and the shares over all faces.
View = Literal["individual", "group"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face: ``box`` (x, y, width, height) and six ``keypoints`` (right eye, left eye, nose, mouth, right
    ear, left ear), all in pixels of the upright frame, None where they are kept back; detector ``score`` 0 to 1;
    ``seat`` within a stream, if any."""

    box: tuple[float, float, float, float]
    score: float
    keypoints: tuple[Point, ...] | None = ()
    seat: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A face with its calibrated probabilities, or none yet.

    ``raw`` are this frame's, ``probabilities`` those smoothed over time; without smoothing they are the same. Both are
    in the order of ``names``: the seven, and behind them the labels that an adaptation adds. ``embedding`` is there
    when asked for. ``crop`` is the classifier's view of the face, 48x48 uint8 gray; it stays in the process.
    """

    face: Face
    label: str | None = None
    probabilities: tuple[float, ...] | None = None
    raw: tuple[float, ...] | None = None
    embedding: tuple[float, ...] | None = None
    names: tuple[str, ...] = EXPRESSIONS
    crop: bytes | None = field(default=None, repr=False, compare=False)

    def read(self, raw: tuple[float, ...], unsure_below: float) -> Reading:
        """This reading with the probabilities of the classifier filled in."""
        best = max(range(len(raw)), key=raw.__getitem__)
        label = self.names[best] if raw[best] >= unsure_below else UNSURE
        return replace(self, label=label, probabilities=raw, raw=raw)

    def bare(self) -> Reading:
        """The box and its score alone: what the group view tells of a face."""
        return Reading(Face(self.face.box, self.face.score, keypoints=None))

    def to_json(self) -> dict[str, Any]:
        points = self.face.keypoints
        data: dict[str, Any] = {
            "box": [round(v, 1) for v in self.face.box],
            "score": round(self.face.score, 4),
            "keypoints": None if points is None else [[round(x, 1), round(y, 1)] for x, y in points],
            "seat": self.face.seat,
            "label": self.label,
            "probabilities": self._named(self.probabilities),
            "raw": self._named(self.raw),
        }
        if self.embedding is not None:
            data["embedding"] = [round(v, 5) for v in self.embedding]
        return data

    def _named(self, values: tuple[float, ...] | None) -> dict[str, float] | None:
        return None if values is None else {n: round(v, 4) for n, v in zip(self.names, values, strict=True)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        points, named, embedding = data["keypoints"], data["probabilities"], data.get("embedding")
        face = Face(
            box=tuple(data["box"]),
            score=data["score"],
            keypoints=None if points is None else tuple((x, y) for x, y in points),
            seat=data["seat"],
        )
        names = EXPRESSIONS if named is None else (*EXPRESSIONS, *(name for name in named if name not in EXPRESSIONS))
        return cls(
            face,
            data["label"],
            _values(named, names),
            _values(data["raw"], names),
            None if embedding is None else tuple(embedding),
            names,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a frame has no readings: a stable ``code`` for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FrameReading:
    """The answer to one frame.

    ``frame`` and ``captured_ms`` are the sender's, echoed; ``timings_ms`` by stage. ``group`` sums up the faces of the
    last two seconds: ``faces``, how many; ``min``, from how many on there are ``shares`` of labels, which sum to 1.
    """

    frame: int = 0
    captured_ms: int = 0
    status: Status = "ok"
    error: Problem | None = None
    width: int | None = None
    height: int | None = None
    detector: str | None = None
    model: str | None = None
    unsure_below: float | None = None
    group: dict[str, Any] | None = None
    readings: tuple[Reading, ...] = ()
    timings_ms: dict[str, float | None] = field(default_factory=dict)
    view: View = "individual"

    def to_json(self) -> dict[str, Any]:
        """The answer as documented for HTTP, WebSocket and queue; None for what is not known."""
        return {
            "v": VERSION,
            "frame": self.frame,
            "captured_ms": self.captured_ms,
            "status": self.status,
            "view": self.view,
            "error": None if self.error is None else asdict(self.error),
            "width": self.width,
            "height": self.height,
            "detector": self.detector,
            "model": self.model,
            "unsure_below": self.unsure_below,
            "group": self.group,
            "faces": [reading.to_json() for reading in self.readings],
            "timings_ms": {stage: self.timings_ms.get(stage) for stage in STAGES},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: ``data`` is no such answer.
        """
        error = data["error"]
        return cls(
            frame=data["frame"],
            captured_ms=data["captured_ms"],
            status=data["status"],
            error=None if error is None else Problem(error["code"], error["message"]),
            width=data["width"],
            height=data["height"],
            detector=data["detector"],
            model=data["model"],
            unsure_below=data["unsure_below"],
            group=data["group"],
            readings=tuple(Reading.from_json(face) for face in data["faces"]),
            timings_ms=dict(data["timings_ms"]),
            view=data.get("view", "individual"),
        )

    def classified(self, reply: dict[str, Any]) -> FrameReading:
        """This partial answer with a reply of the task ``moodstream.classify`` filled in.

        Raises:
            ValueError: the reply speaks of another number of faces.
        """
        if reply["status"] != "ok":
            return replace(self, status=reply["status"])
        rows = reply["probabilities"]
        if len(rows) != len(self.readings):
            raise ValueError(f"the classifier answered for {len(rows)} faces, the frame has {len(self.readings)}")
        unsure_below = reply["unsure_below"]
        readings = tuple(r.read(tuple(row), unsure_below) for r, row in zip(self.readings, rows, strict=True))
        if reply.get("embeddings"):
            whole, each = reply["embeddings"], len(reply["embeddings"]) // len(rows)
            readings = tuple(
                replace(r, embedding=struct.unpack_from(f"<{each // 4}f", whole, i * each))
                for i, r in enumerate(readings)
            )
        return replace(
            self,
            model=reply["model"],
            unsure_below=unsure_below,
            readings=readings,
            timings_ms={**self.timings_ms, "classify": reply["classify_ms"]},
        )


#: Stages whose durations an answer tells, in milliseconds.
STAGES = ("decode", "detect", "crop", "queue", "classify", "total")


def _values(named: dict[str, float] | None, names: tuple[str, ...]) -> tuple[float, ...] | None:
    return None if named is None else tuple(named[name] for name in names)
