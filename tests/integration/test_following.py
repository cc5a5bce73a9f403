"""One frame can be followed from the page to the worker, in the logs and in the traces."""

from __future__ import annotations

import json
import time

import pytest
from websockets.sync.client import connect

from frontend import token
from frontend.relay import PROTOCOL
from moodstream.wire import pack_frame
from tests.collector import collecting
from tests.running import moodstream_up

SECRET = "known to this test"


@pytest.fixture(scope="module")
def followed(picture):
    """Log lines (as objects) and collector, after two frames went through the page."""
    with collecting() as collector:
        endpoint = f"http://127.0.0.1:{collector.server_port}"
        chosen = {"LOG": "json", "LOG_LEVEL": "debug", "SECRET": SECRET}
        environment = {f"MOODSTREAM_{name}": value for name, value in chosen.items()}
        with moodstream_up("--workers", "1", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, **environment) as running:
            send(running.page, picture)
        yield [json.loads(line.partition("| ")[2]) for line in running.lines if '| {"level"' in line], collector


def send(page: str, picture: bytes) -> None:
    key = token.make(SECRET.encode(), time.time())
    url = page.replace("http", "ws", 1) + "/ws/stream"
    with connect(url, subprotocols=[PROTOCOL, key], origin=page, compression=None, proxy=None) as socket:
        socket.send(json.dumps({"v": 1, "mode": "live", "view": "individual"}))
        for number in (41, 42):
            socket.send(pack_frame(number, 1, picture))
            assert json.loads(socket.recv())["status"] == "ok"


def test_the_log_lines_of_page_detector_and_worker_share_the_stream_and_the_frame(followed):
    lines, _ = followed
    (stream,) = {line["stream"] for line in lines if line["service"] == "page" and line["message"] == "stream opened"}
    of_stream = [line for line in lines if line.get("stream") == stream]
    assert {line["service"] for line in of_stream} == {"page", "detector", "worker-faces"}
    for service, message in (("detector", "answered"), ("worker-faces", "done")):
        said = [line for line in of_stream if (line["service"], line["message"]) == (service, message)]
        assert [line["frame"] for line in said] == [41, 42]
        assert len({line["trace"] for line in said}) == 2


def test_a_frame_is_one_trace_and_is_linked_to_its_stream(followed):
    _, collector = followed
    (page,), (detector,) = collector.named("stream", "page"), collector.named("stream", "detector")
    assert detector.parent_span_id == page.span_id
    frames = collector.named("frame", "detector")
    assert [{link.span_id for link in span.links} for span in frames] == [{detector.span_id}] * 2
    assert {span.trace_id for span in collector.named("moodstream.classify", "worker")} >= {f.trace_id for f in frames}


def test_no_log_line_spells_out_pixels(followed):
    lines, _ = followed
    assert [line for line in lines if "\\x" in line["message"] or "data" in line] == []
