"""What a client asks of its stream."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from moodstream.adapt import Adaptation
from moodstream.types import View

_Finite = Annotated[float, Field(allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1)]
#: More faces than any frame has are not resumed.
_MOST_FACES = 256


class ResumedFace(BaseModel):
    """A face of the last answer; faces without a seat, as the group view gives them, are new ones."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    box: tuple[_Finite, _Finite, Annotated[_Finite, Field(gt=0)], Annotated[_Finite, Field(gt=0)]]
    seat: Annotated[int, Field(ge=0)] | None = None
    probabilities: dict[str, _Share] | None = None
    label: str | None = None


class Resume(BaseModel):
    """Where another replica goes on: the last answer that the client got, or what of it counts here."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    captured_ms: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    faces: Annotated[tuple[ResumedFace, ...], Field(max_length=_MOST_FACES)]


def _adaptation(data: Any) -> Adaptation | None:
    return data if data is None or isinstance(data, Adaptation) else Adaptation.from_json(data)


class Hello(BaseModel):
    """The first message of a stream; may be sent again, and then replaces the one before.

    ``smoothing`` is a time constant in seconds, 0 for none, None for ours. ``window`` is how many frames of a recording
    may be under way.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    v: Literal[1]
    mode: Literal["live", "recorded"] = "live"
    view: View = "individual"
    smoothing: Annotated[float, Field(ge=0, le=60)] | None = None
    embeddings: bool = False
    adaptation: Annotated[Adaptation | None, PlainValidator(_adaptation)] = None
    resume: Resume | None = None
    window: Annotated[int, Field(ge=1, le=32)] | None = None


class BadHello(ValueError):  # noqa: N818 - the client's, not ours
    """A hello that is not understood; the message is a sentence that says which part and why."""


def read_hello(text: str) -> Hello:
    """The hello in a text message.

    Raises:
        BadHello: it is none.
    """
    try:
        return Hello.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        where = ".".join(str(part) for part in first["loc"])
        raise BadHello(f"The hello is not understood: {where} {message}.".replace("  ", " ")) from None
