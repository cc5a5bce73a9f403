"""Everything real: the started product answers pictures and streams, survives faults, and stops clean."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import websockets

from moodstream.types import EXPRESSIONS
from moodstream.wire import pack_frame
from tests.running import Running, moodstream_up

FACE = (170, 70, 110, 130)  # about where the astronaut's face lies in her picture, in pixels


def post(product: Running, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{product.detector}/v1/frames", content=body, headers=headers, timeout=10, trust_env=False)


def overlap(a, b) -> float:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0, width) * max(0, height)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def test_a_picture_is_answered_with_a_labelled_face(product, picture):
    response = post(product, picture)
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == "ok"
    (face,) = answer["faces"]
    assert overlap(face["box"], FACE) > 0.4
    assert face["label"] in (*EXPRESSIONS, "unsure")
    assert set(face["probabilities"]) == set(EXPRESSIONS)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.01)
    assert len(face["keypoints"]) == 6
    assert answer["model"]
    assert answer["timings_ms"]["total"] > 0


def test_ready_names_mediapipe(product):
    ready = httpx.get(f"{product.detector}/readyz", trust_env=False)
    assert ready.status_code == 200
    assert ready.json()["detector"] == "mediapipe"


def test_a_foreign_origin_is_refused(product, picture):
    assert post(product, picture, Origin="http://elsewhere.example").status_code == 403


async def test_every_streamed_frame_gets_one_answer_and_bad_ones_do_not_end_it(product, picture):
    url = product.detector.replace("http", "ws", 1) + "/v1/stream"
    async with websockets.connect(url, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "live", "view": "individual"}))
        statuses = {}
        for number in range(30):
            body = b"rubbish" if number == 7 else picture
            await socket.send(pack_frame(number, 1000 + number, body))
        while len(statuses) < 30:
            answer = json.loads(await socket.recv())
            assert answer["captured_ms"] == 1000 + answer["frame"]
            assert answer["frame"] not in statuses
            statuses[answer["frame"]] = answer["status"]
        assert set(statuses.values()) <= {"ok", "stale", "error"}
        assert statuses[29] == "ok", "the newest frame is the one that is answered"
        await socket.send(pack_frame(30, 0, b"rubbish"))
        answer = json.loads(await socket.recv())
        assert (answer["status"], bool(answer["error"]["message"])) == ("error", True)
        await socket.send(pack_frame(31, 0, picture))
        assert json.loads(await socket.recv())["status"] == "ok"


def test_analyze_uses_the_running_services(product, picture, tmp_path):
    file = tmp_path / "face.jpg"
    file.write_bytes(picture)
    done = subprocess.run(
        [sys.executable, "-m", "moodstream", "analyze", str(file), "--json", "--annotate", str(tmp_path / "out")],
        env={**os.environ, "MOODSTREAM_DETECTOR_URL": product.detector},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["faces"]) == 1
    assert (tmp_path / "out" / "face.annotated.png").stat().st_size > 10_000


def test_a_killed_service_comes_back_and_a_stop_leaves_nothing(picture):
    with moodstream_up("--workers", "1") as running:
        children = running.children()
        assert len(children) >= 5
        for pid in children:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"faces" in command or b"valkey" in command:
                os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        response = post(running, picture)
        assert time.monotonic() - began < 3.5
        assert response.status_code in (200, 503, 504)
        assert response.json()["status"] in ("ok", "stale", "overloaded", "error")
        deadline = time.monotonic() + 40
        while post(running, picture).status_code != 200:
            assert time.monotonic() < deadline, "did not recover:\n" + "\n".join(running.lines[-30:])
            time.sleep(0.5)
        children = running.children()
        began = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(6)
        assert time.monotonic() - began < 5.5
        assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
