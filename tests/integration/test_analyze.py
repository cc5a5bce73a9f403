"""``moodstream analyze`` as a user calls it, through the running product."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import av
import httpx
import pyarrow.parquet
import pytest

from moodstream.local import free_port
from tests.clips import portrait, write_video

WITHIN_S = 150


def command(*arguments):
    return [sys.executable, "-m", "moodstream", "analyze", *map(str, arguments)]


@pytest.fixture
def environment(product):
    return {**os.environ, "MOODSTREAM_DETECTOR_URL": product.detector}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("clips") / "clip.mp4", (portrait(n) for n in range(40)))


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    pictures = (portrait(n) for n in range(10))
    return write_video(tmp_path_factory.mktemp("clips") / "clip.webm", pictures, video="libvpx", audio="libopus")


def pictures_in(path):
    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))


def test_a_folder_of_pictures_and_videos(environment, picture, clip, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    for name in "xyz":
        (folder / f"{name}.jpg").write_bytes(picture)
    (folder / "broken.jpg").write_bytes(picture[:2000])
    (folder / "broken.mp4").write_bytes(clip.read_bytes()[:5000])
    outputs = [tmp_path / f"r.{suffix}" for suffix in ("jsonl", "csv", "parquet")]
    options = [word for path in outputs for word in ("-o", path)]
    done = subprocess.run(
        command(folder, tmp_path / "gone.jpg", *options, "--annotate", tmp_path / "copies"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "gone.jpg: No such file" in done.stderr
    assert "broken.jpg: " in done.stderr and "beginning or end is missing" in done.stderr
    answers = [json.loads(line) for line in outputs[0].read_text().splitlines()]
    frames = [a["frame"] for a in answers if a["file"].endswith("clip.mp4")]
    assert frames == list(range(40))
    read = [a for a in answers if a["status"] == "ok"]
    assert len(read) == 43 and all(len(a["faces"]) == 1 for a in read)
    assert len({a["faces"][0]["seat"] for a in read if a["file"].endswith("clip.mp4")}) == 1
    with outputs[1].open() as file:
        assert len(list(csv.DictReader(file))) == 43
    assert pyarrow.parquet.read_table(outputs[2]).num_rows == 43
    copies = {path.name for path in (tmp_path / "copies").iterdir()}
    assert copies == {"clip.annotated.mp4", *(f"{name}.annotated.png" for name in "xyz")}
    assert pictures_in(tmp_path / "copies" / "clip.annotated.mp4") == 40


def test_ctrl_c_leaves_what_was_finished(environment, tmp_path):
    clip = write_video(tmp_path / "clip.mp4", (portrait(n) for n in range(600)))
    outputs = [tmp_path / "r.jsonl", tmp_path / "r.csv", tmp_path / "r.parquet"]
    options = [word for path in outputs for word in ("-o", path)]
    process = subprocess.Popen(
        command(clip, *options, "--annotate", tmp_path),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    deadline = time.monotonic() + WITHIN_S
    while not outputs[0].exists() or outputs[0].read_text().count("\n") < 20:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 130, said
    assert "what was read stays" in said
    lines = outputs[0].read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(len(lines)))
    assert 20 <= len(lines) < 600
    with outputs[1].open() as file:
        assert len(list(csv.DictReader(file))) == len(lines)
    assert pyarrow.parquet.read_table(outputs[2]).num_rows == len(lines)
    assert pictures_in(tmp_path / "clip.annotated.mp4") == len(lines)
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("kind", ["clip", "streamed", "picture"])
def test_what_is_piped_in_is_read(environment, clip, streamed, picture, kind):
    content = {"clip": clip.read_bytes(), "streamed": streamed.read_bytes(), "picture": picture}[kind]
    done = subprocess.run(
        command("-", "--json"), env=environment, input=content, capture_output=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == {"clip": 40, "streamed": 10, "picture": 1}[kind]
    assert {a["file"] for a in answers} == {"stdin"} and all(len(a["faces"]) == 1 for a in answers)


def test_the_group_view_tells_of_nobody(environment, clip, tmp_path):
    arguments = command(clip, "--view", "group", "--fps", "2", "--json", "-o", tmp_path / "r.csv")
    done = subprocess.run(arguments, env=environment, capture_output=True, timeout=WITHIN_S, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["captured_ms"] for a in answers] == list(range(0, 4000, 500))
    assert all(a["faces"][0]["label"] is None and a["faces"][0]["seat"] is None for a in answers)
    assert b"seat" not in (tmp_path / "r.csv").read_bytes().splitlines()[0]


def test_an_answer_that_nobody_reads_ends_it_quietly(environment, clip):
    analyze = subprocess.Popen(command(clip, "--json"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert analyze.stdout is not None and analyze.stderr is not None
    analyze.stdout.readline()
    analyze.stdout.close()
    analyze.wait(WITHIN_S)
    assert b"Traceback" not in analyze.stderr.read()
    analyze.stderr.close()


def test_a_named_service_that_is_away_is_told(picture, tmp_path):
    (tmp_path / "x.jpg").write_bytes(picture)
    away = {**os.environ, "MOODSTREAM_DETECTOR_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        command(tmp_path / "x.jpg"), env=away, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr and "Traceback" not in done.stderr


def test_services_are_started_for_the_call_and_stopped_after(picture, tmp_path):
    (tmp_path / "x.jpg").write_bytes(picture)
    own = {name: value for name, value in os.environ.items() if name != "MOODSTREAM_DETECTOR_URL"}
    port = free_port(18800)
    own |= {"MOODSTREAM_DETECTOR_PORT": str(port), "MOODSTREAM_WORKERS": "1"}
    done = subprocess.run(
        command(tmp_path / "x.jpg", "--json"), env=own, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["faces"]) == 1
    assert "celery" not in done.stderr, "the services' own lines do not concern the caller"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False)
