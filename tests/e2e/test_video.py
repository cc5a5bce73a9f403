"""The video tab in a browser: progress, cancel, a film that plays with its sound, tables, words for bad files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.clips import portrait, write_video

from .tabs import download, open_tab

RATE = 10
WORDS = "#video-words"
#: Let the film play for a moment: where it is then, how long it lasts, and how much sound was decoded.
PLAY = """async () => {
  const video = document.querySelector('#video-out video');
  video.muted = true;
  await video.play();
  await new Promise((done) => setTimeout(done, 1500));
  return [video.currentTime, video.duration, video.videoWidth, video.webkitAudioDecodedByteCount];
}"""


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    return write_video(folder / "one face.mp4", (portrait(number) for number in range(4 * RATE)), rate=RATE)


def _choose(page: Any, file: Path) -> None:
    open_tab(page, "Video")
    page.locator("#video-in input[type=file]").set_input_files(file)


def test_a_video_comes_back_annotated_with_its_sound_and_its_numbers(page: Any, clip_file: Path) -> None:
    _choose(page, clip_file)
    page.locator("#video-facts", has_text="4 s long, 10 pictures a second").wait_for()
    page.locator("#video-start").click()
    page.locator(WORDS, has_text="of 4 s read").wait_for()
    page.locator(WORDS, has_text="40 pictures, ").wait_for()
    page.wait_for_function("document.querySelector('#video-out video')?.readyState >= 2")
    at, lasts, width, sound = page.evaluate(PLAY)
    assert at > 0.5
    assert lasts == pytest.approx(4, abs=0.3)
    assert width == 640
    assert sound > 0
    page.locator("#video-timeline canvas, #video-timeline svg").first.wait_for()
    with download(page, "#video-faces").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["picture"] for row in rows} == {str(number) for number in range(40)}
    assert sum(row["label"] == "happy" for row in rows) >= 36
    with download(page, "#video-seconds").open(newline="") as file:
        assert [row["pictures"] for row in csv.DictReader(file)] == ["10"] * 4
    assert download(page, "#video-film").stat().st_size > 10_000


def test_a_reading_is_cancelled_and_keeps_what_was_read(page: Any, tmp_path: Path) -> None:
    long = write_video(tmp_path / "long.mp4", (portrait(number) for number in range(300)), rate=RATE)
    _choose(page, long)
    page.locator("#video-start:not([disabled])").click()
    page.locator(WORDS, has_text="left").wait_for()
    page.locator("#video-cancel").click()
    page.locator(WORDS, has_text="Cancelled after").wait_for()
    with download(page, "#video-faces").open(newline="") as file:
        assert 0 < len(list(csv.DictReader(file))) < 300


def test_what_is_no_video_is_refused_in_words(page: Any, tmp_path: Path) -> None:
    wrong = tmp_path / "notes.mp4"
    wrong.write_text("Not a video at all.")
    _choose(page, wrong)
    page.locator("#video-facts", has_text="notes.mp4 is no video").wait_for()
    assert page.locator("#video-start").is_disabled()


def test_a_broken_video_is_read_as_far_as_it_goes(page: Any, tmp_path: Path) -> None:
    whole = write_video(
        tmp_path / "whole.webm", (portrait(n) for n in range(40)), rate=RATE, video="libvpx", audio="libopus"
    )
    broken = tmp_path / "broken.webm"
    broken.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    _choose(page, broken)
    page.locator("#video-start:not([disabled])").click()
    page.locator(WORDS, has_text="Not read to its end. broken.webm is damaged").wait_for()
    page.locator("#video-out video").wait_for()
