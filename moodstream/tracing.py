"""OpenTelemetry traces: on when ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set, else every call here does nothing.

A frame is one trace: found in the detector, read in the worker. A stream is a span of its own, in the page and in the
detector, to which its frames are linked; as its children, an hour of them would be one trace of many thousand spans.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Link, Span, SpanKind

from moodstream import logs
from moodstream.types import FrameReading

log = logging.getLogger(__name__)

_tracer = trace.get_tracer("moodstream")
_link: ContextVar[Link | None] = ContextVar("link", default=None)


def configure(service: str) -> None:
    """Export this process's spans over OTLP, if the environment names an endpoint; OpenTelemetry's own variables rule.

    Raises:
        SystemExit: the exporter is not installed.
    """
    if not (os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  # an extra, and slow to import
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but moodstream[otel] is not installed: {error}"
        ) from None
    name = os.environ.get("OTEL_SERVICE_NAME") or f"moodstream-{service}"
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def close() -> None:
    """Send what was not sent yet; a server that a signal ends runs nothing at its exit."""
    shutdown = getattr(trace.get_tracer_provider(), "shutdown", None)
    if shutdown is not None:
        shutdown()


@contextmanager
def span(name: str, kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int) -> Iterator[Span]:
    """A span below the current one."""
    with _tracer.start_as_current_span(name, kind=kind, attributes=_named(attributes)) as current:
        yield current


def wanted() -> bool:
    """Whether anybody takes the spans."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


@contextmanager
def received(name: str, headers: Mapping[str, str], kind: SpanKind = SpanKind.SERVER) -> Iterator[Span]:
    """A span below the one that the sender put into ``headers``."""
    with _tracer.start_as_current_span(name, context=propagate.extract(headers), kind=kind) as current:
        yield current


@contextmanager
def stream(headers: Mapping[str, str]) -> Iterator[None]:
    """A stream; the frames inside are traces of their own, linked to it."""
    with received("stream", headers) as current:
        token = _link.set(Link(current.get_span_context()))
        try:
            yield
        finally:
            _link.reset(token)


@contextmanager
def frame(number: int) -> Iterator[Span]:
    """One frame: in a stream a trace of its own, else below the current span."""
    link = _link.get()
    with _tracer.start_as_current_span(
        "frame",
        context=None if link is None else context.Context(),
        links=None if link is None else [link],
        attributes=_named({"frame": number}),
    ) as current:
        yield current


def answered(span: Span, answer: FrameReading) -> None:
    """Tell in the trace, and at level debug in the log, what became of a frame."""
    stages = {f"{stage}_ms": spent for stage, spent in answer.timings_ms.items() if spent is not None}
    told = {"status": answer.status, "faces": len(answer.readings), **stages}
    span.set_attributes({f"moodstream.{name}": value for name, value in told.items()})
    log.debug("answered", extra=told)


def inject(headers: MutableMapping[str, str] | None = None) -> dict[str, str]:
    """The headers that let the receiver go on with the current trace, added to a copy of ``headers``."""
    carried = dict(headers or {})
    propagate.inject(carried)
    return carried


def task_headers() -> dict[str, str | int]:
    """Headers of a task that goes on with the current frame: its ids for the logs, and its trace."""
    return {**logs.task_headers(), **inject()}


def _named(attributes: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"moodstream.{name}": value for name, value in attributes.items()}
