"""Log lines for people or for machines, each with the stream and frame that it is about.

A stream is named by a random id that is made where the stream enters; it travels with the frames, so that a frame can
be followed through the services. Nothing else about the sender is logged, no address and no picture.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from moodstream.settings import Settings

#: HTTP and WebSocket header that carries a stream's id from service to service.
STREAM_HEADER = "X-Moodstream-Stream"
#: The same, and the frame's number, in the headers of a task.
_TASK_STREAM, _TASK_FRAME = "moodstream_stream", "moodstream_frame"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_stream: ContextVar[str | None] = ContextVar("stream", default=None)
_frame: ContextVar[int | None] = ContextVar("frame", default=None)


def new_stream_id() -> str:
    """A random id; says nothing about anybody."""
    return secrets.token_hex(8)


def stream_id(given: object = None) -> str:
    """The id that a neighbour gave, or a new one if it gave none or one that is no id."""
    return given if isinstance(given, str) and _ID.fullmatch(given) else new_stream_id()


@contextmanager
def about(stream: str | None = None, frame: int | None = None) -> Iterator[None]:
    """What is logged inside is about this stream and frame; None leaves what was known."""
    stream_before = _stream.set(_stream.get() if stream is None else stream)
    frame_before = _frame.set(_frame.get() if frame is None else frame)
    try:
        yield
    finally:
        _frame.reset(frame_before)
        _stream.reset(stream_before)


def task_headers() -> dict[str, str | int]:
    """Headers of a task that let its worker log about the same stream and frame."""
    known = {_TASK_STREAM: _stream.get(), _TASK_FRAME: _frame.get()}
    return {name: value for name, value in known.items() if value is not None}


def ids_of_task(headers: Mapping[str, object]) -> tuple[str | None, int | None]:
    """Stream and frame in the headers of a task; None for what is missing or is no id."""
    stream, frame = headers.get(_TASK_STREAM), headers.get(_TASK_FRAME)
    return (
        stream if isinstance(stream, str) and _ID.fullmatch(stream) else None,
        frame if isinstance(frame, int) else None,
    )


def configure(options: Settings, service: str) -> None:
    """Send all log lines of this process to standard error, as ``MOODSTREAM_LOG`` says."""
    handler = logging.StreamHandler()
    handler.addFilter(_know)
    if options.log == "json":
        # Celery adds a task's arguments to what it logs, and those are pictures of people.
        formatter: logging.Formatter = JsonFormatter(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": service},
            timestamp="time",
            reserved_attrs=[*RESERVED_ATTRS, "data", "about", "color_message"],
        )
    else:
        formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s%(about)s")
    handler.setFormatter(formatter)
    logging.basicConfig(level=options.log_level.upper(), handlers=[handler], force=True)


def _know(record: logging.LogRecord) -> bool:
    """Add what the context knows: as fields for machines, as a tail in brackets for people."""
    record.about = ""
    stream, frame = _stream.get(), _frame.get()
    if stream is not None:
        record.stream, record.about = stream, f" [{stream}]"
    if frame is not None:
        record.frame, record.about = frame, f" [{stream or ''}#{frame}]"
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        record.trace = trace.format_trace_id(span.trace_id)
    return True
