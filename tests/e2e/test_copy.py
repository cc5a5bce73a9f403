"""Drawn copies of videos play in a browser, with their sound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moodstream.video import read_video
from tests.clips import numbered, write_video
from tests.recorded_detector import RecordedDetector

PLAY = Path(__file__).with_name("play.js").read_text(encoding="utf-8")
PICTURES, RATE = 24, 12


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Requests are no news."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Address of a server of the test's folder."""
    (tmp_path / "index.html").write_text("<!doctype html><title>player</title>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("sound", "name"), [("aac", "copy.mp4"), ("pcm_s16le", "copy.mp4"), ("libopus", "copy.webm")])
def test_a_copy_plays_to_its_end_with_sound(browse, served, tmp_path, sound, name):
    pictures = (numbered(n, (320, 240)) for n in range(PICTURES))
    original = write_video(tmp_path / "clip.mkv", pictures, rate=RATE, audio=sound)
    detector = RecordedDetector()
    try:
        answers = list(read_video(original, detector.url, annotated=tmp_path / name))
    finally:
        detector.stop()
    assert len(answers) == PICTURES
    page = browse("--autoplay-policy=no-user-gesture-required", camera=None).new_page()
    page.goto(served)
    played = page.evaluate(PLAY, f"{served}/{name}")
    assert played["size"] == [320, 240]
    assert abs(played["seconds"] - PICTURES / RATE) < 0.2
    assert played["frames"] >= PICTURES / 2, "a busy machine may leave some out"
    assert played["sound"] > 1000
    assert all(abs(value - (40 + 8 * (PICTURES - 1))) < 12 for value in played["right"]), "colours are the original's"
