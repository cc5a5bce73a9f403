"""A frame can be followed by what is logged, and nothing personal is in it."""

from __future__ import annotations

import io
import json
import logging

import pytest

from moodstream import logs
from moodstream.settings import Settings


@pytest.fixture
def said(monkeypatch):
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    out = io.StringIO()

    def configure(kind: str) -> io.StringIO:
        monkeypatch.setattr("sys.stderr", out)
        logs.configure(Settings(log=kind), "detector")
        return out

    yield configure
    root.handlers[:], root.level = before


def test_json_lines_name_service_stream_and_frame_and_no_arguments_of_tasks(said):
    out = said("json")
    with logs.about("abc", 7):
        logging.getLogger("celery.app.trace").error(
            "Task %(name)s failed", {"name": "classify"}, extra={"data": {"args": "b'pixels'"}}
        )
    logging.getLogger("other").info("later", extra={"faces": 3})
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first.pop("time")
    assert first == {
        "level": "ERROR",
        "logger": "celery.app.trace",
        "message": "Task classify failed",
        "service": "detector",
        "stream": "abc",
        "frame": 7,
    }
    assert (second["faces"], "stream" in second) == (3, False)


def test_text_lines_end_with_what_they_are_about(said):
    out = said("text")
    with logs.about("abc"):
        logging.getLogger("a").info("opened")
        with logs.about(frame=0):
            logging.getLogger("a").info("read")
    assert out.getvalue().splitlines() == ["INFO a: opened [abc]", "INFO a: read [abc#0]"]


def test_ids_travel_in_the_headers_of_a_task_and_bad_ones_stay_out():
    with logs.about("abc", 7):
        assert logs.ids_of_task(logs.task_headers()) == ("abc", 7)
    assert logs.task_headers() == {}
    assert logs.ids_of_task({"moodstream_stream": "a\nb", "moodstream_frame": "7"}) == (None, None)
    assert logs.stream_id("given-1") == "given-1"
    assert logs.stream_id("two words") != "two words"
    assert logs.stream_id() != logs.stream_id()
