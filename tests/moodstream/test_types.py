"""What travels comes back as it was sent; settings refuse bad values in one line."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

from moodstream.types import EXPRESSIONS, UNSURE, Face, FrameReading, Problem, Reading
from moodstream.wire import RedisClock, pack_frame, unpack_frame

FACE = Face((10.0, 20.0, 30.0, 40.0), 0.9, ((1.0, 2.0),) * 6)
REPLY = {"status": "ok", "model": "m", "unsure_below": 0.4, "classify_ms": 1.5}


def test_a_frame_reading_survives_json():
    reading = Reading(FACE).read((0.1, 0.0, 0.0, 0.7, 0.1, 0.1, 0.0), 0.4)
    answer = FrameReading(7, 8, "error", Problem("c", "sentence"), 640, 480, "d", "m", 0.4, None, (reading,))
    assert FrameReading.from_json(answer.to_json()).to_json() == answer.to_json()
    assert answer.to_json()["timings_ms"] == dict.fromkeys(["decode", "detect", "crop", "queue", "classify", "total"])


def test_classified_fills_labels_and_doubt():
    sure, torn = [0.0] * 7, [1 / 7] * 7
    sure[3] = 1.0
    answer = FrameReading(readings=(Reading(FACE),) * 2).classified({**REPLY, "probabilities": [sure, torn]})
    assert [r.label for r in answer.readings] == ["happy", UNSURE]
    assert answer.to_json()["faces"][0]["probabilities"] == dict(zip(EXPRESSIONS, sure, strict=True))


def test_a_reply_for_other_faces_is_refused():
    with pytest.raises(ValueError, match="answered for 1 faces, the frame has 2"):
        FrameReading(readings=(Reading(FACE),) * 2).classified({**REPLY, "probabilities": [[1.0] + [0.0] * 6]})


def test_embeddings_and_further_labels_survive_json():
    reply = {**REPLY, "probabilities": [[0.1] * 7] * 2, "embeddings": struct.pack("<6f", *range(6))}
    answer = FrameReading(readings=(Reading(FACE),) * 2).classified(reply)
    assert [r.embedding for r in answer.readings] == [(0, 1, 2), (3, 4, 5)]
    more = Reading(FACE, "bored", (0.1,) * 7 + (0.3,), (0.1,) * 7 + (0.3,), (0.5,), (*EXPRESSIONS, "bored"))
    assert Reading.from_json(more.to_json()) == more


def test_a_bare_reading_tells_box_and_score_alone():
    bare = Reading(FACE).read((0.1, 0.0, 0.0, 0.7, 0.1, 0.1, 0.0), 0.4).bare()
    assert {k for k, v in bare.to_json().items() if v is not None} == {"box", "score"}
    assert Reading.from_json(bare.to_json()) == bare


def test_a_stale_reply_makes_a_stale_answer():
    assert FrameReading(readings=(Reading(FACE),)).classified({"status": "stale"}).status == "stale"


def test_frame_messages():
    assert unpack_frame(pack_frame(5, 1_700_000_000_000, b"jpeg")) == (5, 1_700_000_000_000, b"jpeg")
    with pytest.raises(ValueError, match="16 bytes of head, this one has 3"):
        unpack_frame(b"abc")


def test_the_clock_is_the_servers():
    class Server:
        def time(self):
            return (5_000, 250_000)

    assert abs(RedisClock(Server()).now_ms() - 5_000_250) < 50


@pytest.mark.parametrize(
    ("name", "value"), [("WORKERS", "many"), ("REDIS_URL", "localhost"), ("DETECTOR_PORT", "70000")]
)
def test_a_bad_setting_is_one_clear_line(name, value):
    done = subprocess.run(
        [sys.executable, "-c", "from moodstream.settings import settings; settings()"],
        env={f"MOODSTREAM_{name}": value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"MOODSTREAM_{name}={value!r} is not usable" in done.stderr
