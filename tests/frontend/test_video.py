from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from frontend import video
from frontend.shelf import Shelf
from frontend.video_job import Timeline, VideoJob
from moodstream.settings import Settings
from moodstream.types import Face, FrameReading, Reading
from tests.clips import numbered, write_video

from .fake_detector import app as detector
from .serving import serving_apart

ASKED: Any = SimpleNamespace(session_hash="one")
RATE = 10


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving_apart(detector) as port:
        yield f"http://127.0.0.1:{port}"


def _clip(folder: Path, pictures: int = 25) -> Path:
    return write_video(folder / "a class.mp4", (numbered(n, (320, 240)) for n in range(pictures)), rate=RATE)


def _job(
    source: Path, url: str, folder: Path, *, most_s: float = 60.0, gone: threading.Event | None = None
) -> VideoJob:
    folder.mkdir(exist_ok=True)
    gone = gone or threading.Event()
    return VideoJob(source, folder, url, pictures_a_second=None, most_s=most_s, gone=gone)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _answer(at_ms: int, *labels: str) -> FrameReading:
    readings = tuple(Reading(Face((0, 0, 9, 9), 0.9), label=label) for label in labels)
    return FrameReading(captured_ms=at_ms, readings=readings)


def test_a_video_is_read_whole_and_comes_back_annotated_with_sound_and_tables(tmp_path: Path, url: str) -> None:
    job = _job(_clip(tmp_path), url, tmp_path / "out")
    job.start()
    assert job.wait(60)
    assert not job.problem
    assert job.progress.pictures == job.faces == 25
    with av.open(str(job.annotated)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 25
        assert film.streams.audio
    faces = _rows(job.faces_csv)
    assert [row["picture"] for row in faces] == [str(n) for n in range(25)]
    assert [float(row["time_s"]) for row in faces] == pytest.approx([n / RATE for n in range(25)], abs=0.002)
    assert {(row["label"], row["happy"]) for row in faces} == {("happy", "0.78")}
    seconds = _rows(job.seconds_csv)
    assert [(row["second"], row["pictures"], row["faces"], row["happy"]) for row in seconds] == [
        ("0", "10", "1.0", "1.0"),
        ("1", "10", "1.0", "1.0"),
        ("2", "5", "1.0", "1.0"),
    ]


def test_a_cancelled_reading_keeps_what_was_read(tmp_path: Path, url: str) -> None:
    job = _job(_clip(tmp_path, 200), url, tmp_path / "out")
    job.start()
    while not job.progress.pictures:
        time.sleep(0.01)
    job.cancel()
    assert job.wait(30)
    assert 0 < job.progress.pictures < 200
    assert len(_rows(job.faces_csv)) == job.progress.pictures
    assert job.annotated.exists()
    said, film, plot, *_ = video._results(job, Settings())  # type: ignore[call-arg]
    assert said.startswith("**Cancelled** after")
    assert film["value"] == str(job.annotated)
    assert plot["visible"]


def test_the_reading_ends_at_the_longest_time_and_says_so(tmp_path: Path, url: str) -> None:
    job = _job(_clip(tmp_path, 60), url, tmp_path / "out", most_s=2.0)
    job.start()
    assert job.wait(60)
    assert 20 <= job.progress.pictures < 30
    assert video._results(job, Settings(max_video_s=2.0))[0].startswith("**Stopped** after 2 s")  # type: ignore[call-arg]


def test_a_session_that_ends_ends_its_reading_and_leaves_nothing(tmp_path: Path, url: str, shelf: Shelf) -> None:
    session = shelf.session("one")
    job = _job(_clip(tmp_path, 300), url, session.folder, gone=session.closed)
    job.start()
    while not job.progress.pictures:
        time.sleep(0.01)
    shelf.end("one")
    assert job.wait(30)
    assert not job.problem
    assert not session.folder.exists()


def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, url: str) -> None:
    nothing = tmp_path / "notes.mp4"
    nothing.write_text("not a video at all")
    job = _job(nothing, url, tmp_path / "out")
    job.start()
    assert job.wait(30)
    assert job.problem.startswith("notes.mp4 is no video")
    said, film, plot, *files, start, stop = video._results(job, Settings())  # type: ignore[call-arg]
    assert said == f"**Not read.** {job.problem}"
    assert film["value"] is None
    assert not film["visible"]
    assert not plot["visible"]
    assert not any(file["visible"] for file in files)
    assert (start["interactive"], stop["interactive"]) == (True, False)
    away = _job(_clip(tmp_path), "http://127.0.0.1:9", tmp_path / "out2")
    away.cancel()  # nobody waits for the detector to come back
    away.start()
    assert away.wait(90)


def test_a_file_is_told_before_it_is_read(tmp_path: Path, shelf: Shelf) -> None:
    examine = video._examiner(shelf, Settings())  # type: ignore[call-arg]
    clip = _clip(tmp_path)
    told, start = examine(str(clip), ASKED)
    assert told == "a class.mp4: 2 s long, 10 pictures a second."
    assert start["interactive"]
    assert clip in shelf.session("one").uploads
    short = video._examiner(shelf, Settings(max_video_s=1.5))  # type: ignore[call-arg]
    assert short(str(clip), ASKED)[0].startswith(
        "**Too long.** a class.mp4 lasts 2 s, and this page reads at most 2 s."
    )
    (tmp_path / "empty.mov").touch()
    assert examine(str(tmp_path / "empty.mov"), ASKED)[0] == "**Not a video to read.** empty.mov is empty."
    assert examine(str(tmp_path / "gone.mov"), ASKED)[0].endswith(
        "gone.mov cannot be opened: No such file or directory."
    )
    assert examine(None, ASKED)[0] == video._HINT


def test_a_timeline_counts_faces_by_label_in_even_bins() -> None:
    timeline = Timeline()
    assert timeline.bars() == []
    for second in range(90):
        timeline.add(_answer(second * 1000, "happy", "unsure"))
        timeline.add(_answer(second * 1000 + 500, "happy"))
    bars = timeline.bars()
    assert [row["time"] for row in bars[::8]] == [f"{s // 60}:{s % 60:02}" for s in range(0, 90, 3)]
    assert {(row["expression"], row["faces"]) for row in bars if row["faces"]} == {("happy", 1.0), ("unsure", 0.5)}
    group = FrameReading(
        view="group",
        readings=(Reading(Face((0, 0, 9, 9), 0.9)).bare(),) * 10,
        group={"faces": 10, "min": 5, "shares": {"happy": 0.7, "unsure": 0.3}},
    )
    timeline = Timeline()
    timeline.add(group)
    (second,) = timeline.seconds()
    assert (second["happy"], second["unsure"], second["faces"]) == (7.0, 3.0, 10.0)


def test_times_are_told_as_people_do() -> None:
    assert [video._time(s) for s in (0.4, 59, 60, 185, 4200)] == ["0 s", "59 s", "1:00 min", "3:05 min", "1:10:00 h"]
