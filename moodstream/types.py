"""The one data type that flows through everything: a frame, its faces and what is read in them."""

from __future__ import annotations

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
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """A detected face: ``box`` (x, y, width, height) and six ``keypoints`` (right eye, left eye, nose, mouth, right
    ear, left ear), all in pixels of the upright frame; detector ``score`` 0 to 1; ``seat`` within a stream, if any."""

    box: tuple[float, float, float, float]
    score: float
    keypoints: tuple[Point, ...] = ()
    seat: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A face with its calibrated probabilities in the order of :data:`EXPRESSIONS`, or none yet.

    ``raw`` are this frame's, ``probabilities`` those smoothed over time; without smoothing they are the same.
    """

    face: Face
    label: str | None = None
    probabilities: tuple[float, ...] | None = None
    raw: tuple[float, ...] | None = None

    def read(self, raw: tuple[float, ...], unsure_below: float) -> Reading:
        """This reading with the probabilities of the classifier filled in."""
        best = max(range(len(raw)), key=raw.__getitem__)
        label = EXPRESSIONS[best] if raw[best] >= unsure_below else UNSURE
        return replace(self, label=label, probabilities=raw, raw=raw)

    def to_json(self) -> dict[str, Any]:
        return {
            "box": [round(v, 1) for v in self.face.box],
            "score": round(self.face.score, 4),
            "keypoints": [[round(x, 1), round(y, 1)] for x, y in self.face.keypoints],
            "seat": self.face.seat,
            "label": self.label,
            "probabilities": _named(self.probabilities),
            "raw": _named(self.raw),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        face = Face(
            box=tuple(data["box"]),
            score=data["score"],
            keypoints=tuple((x, y) for x, y in data["keypoints"]),
            seat=data["seat"],
        )
        return cls(face, data["label"], _values(data["probabilities"]), _values(data["raw"]))


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a frame has no readings: a stable ``code`` for programs and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FrameReading:
    """The answer to one frame. ``frame`` and ``captured_ms`` are the sender's, echoed; ``timings_ms`` by stage."""

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

    def to_json(self) -> dict[str, Any]:
        """The answer as documented for HTTP, WebSocket and queue; None for what is not known."""
        return {
            "v": VERSION,
            "frame": self.frame,
            "captured_ms": self.captured_ms,
            "status": self.status,
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
        return replace(
            self,
            model=reply["model"],
            unsure_below=unsure_below,
            readings=tuple(r.read(tuple(row), unsure_below) for r, row in zip(self.readings, rows, strict=True)),
            timings_ms={**self.timings_ms, "classify": reply["classify_ms"]},
        )


#: Stages whose durations an answer tells, in milliseconds.
STAGES = ("decode", "detect", "crop", "queue", "classify", "total")


def _named(values: tuple[float, ...] | None) -> dict[str, float] | None:
    return None if values is None else {n: round(v, 4) for n, v in zip(EXPRESSIONS, values, strict=True)}


def _values(named: dict[str, float] | None) -> tuple[float, ...] | None:
    return None if named is None else tuple(named[name] for name in EXPRESSIONS)
