"""Spans leave the process over OTLP; a frame of a stream is a trace of its own, linked to the stream's."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.collector import collecting

PROGRAM = """
from moodstream import tracing
tracing.configure("detector")
with tracing.stream({"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}):
    with tracing.frame(5), tracing.span("classify"):
        headers = tracing.inject({"kept": "yes"})
assert headers["kept"] == "yes"
with tracing.received("moodstream.classify", headers):
    pass
"""


def test_frames_are_linked_to_their_stream_and_tasks_belong_to_their_frame():
    with collecting() as collector:
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
        subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True)
    assert {service for service, _ in collector.spans} == {"moodstream-detector"}
    (stream,), (frame,) = collector.named("stream"), collector.named("frame")
    (sent,), (task,) = collector.named("classify"), collector.named("moodstream.classify")
    assert (stream.trace_id.hex(), stream.parent_span_id.hex()) == ("a" * 32, "b" * 16)
    assert frame.trace_id != stream.trace_id
    assert [link.span_id for link in frame.links] == [stream.span_id]
    assert sent.trace_id == task.trace_id == frame.trace_id
    assert (sent.parent_span_id, task.parent_span_id) == (frame.span_id, sent.span_id)
    assert {a.key: a.value.int_value for a in frame.attributes} == {"moodstream.frame": 5}
