"""Whatever is sent to the running product gets a clear answer, harms nobody, and leaves no memory behind."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import httpx
import pytest
import redis
import websockets
from PIL import Image

from moodstream.settings import Settings
from moodstream.wire import FACES, FRAMES, pack_frame
from tests.pictures import REFUSED, encoded, unusual
from tests.running import Running

#: Growth of a service that is still noise: allocators keep some of what they were given.
NOISE_KB = 30_000


@pytest.fixture(scope="module")
def http(product: Running):
    with httpx.Client(base_url=product.detector, timeout=10, trust_env=False) as client:
        yield client


def portrait(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("RGB")


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_picture_is_refused_with_its_status_and_a_sentence(http, name):
    body, code, status = REFUSED[name]
    response = http.post("/v1/frames", content=body)
    answer = response.json()
    assert (response.status_code, answer["status"], answer["error"]["code"]) == (status, "error", code)
    assert answer["error"]["message"].endswith(".")


def test_too_large_a_body_is_refused_whether_or_not_its_length_is_told(http):
    body = encoded() + bytes(Settings().max_body_bytes)
    for content in (body, iter([body[:100_000], body[100_000:]])):
        response = http.post("/v1/frames", content=content)
        assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")


def test_a_wrong_content_type_is_refused(http, picture):
    response = http.post("/v1/frames", content=picture, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["code"]) == (415, "content_type")


def test_unusual_pictures_are_read_like_any_other(http, picture):
    for name, body in unusual(portrait(picture)).items():
        answer = http.post("/v1/frames", content=body).json()
        assert answer["status"] == "ok", (name, answer)
        assert len(answer["faces"]) == 1, (name, answer)


@pytest.mark.parametrize("image", [Image.new("RGB", (1, 1)), Image.new("RGB", (640, 480), "gray")], ids=["1x1", "none"])
def test_no_face_is_an_answer(http, image):
    answer = http.post("/v1/frames", content=encoded("PNG", image)).json()
    assert (answer["status"], answer["faces"], answer["error"]) == ("ok", [], None)


def test_a_face_at_the_border_is_read(http, picture):
    whole = portrait(picture)
    # The face lies at about (170..280, 70..200): cuts through its margin on one side each.
    for box in [(185, 0, 512, 512), (0, 0, 268, 512), (0, 85, 512, 512), (0, 0, 512, 195)]:
        answer = http.post("/v1/frames", content=encoded("PNG", whole.crop(box))).json()
        assert answer["status"] == "ok"
        assert len(answer["faces"]) == 1, box
        assert answer["faces"][0]["label"]


async def test_on_the_socket_each_bad_picture_gets_its_code_and_the_stream_goes_on(product, picture):
    url = product.detector.replace("http", "ws", 1) + "/v1/stream"
    async with websockets.connect(url, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "live", "view": "individual"}))
        for number, (name, (body, code, _)) in enumerate(REFUSED.items()):
            await socket.send(pack_frame(number, 5, body))
            answer = json.loads(await socket.recv())
            assert (answer["frame"], answer["captured_ms"], answer["status"]) == (number, 5, "error"), name
            assert answer["error"]["code"] == code, name
        await socket.send(pack_frame(99, 5, picture))
        assert json.loads(await socket.recv())["status"] == "ok"


def test_rubbish_leaves_no_memory_behind(product, http, picture):
    def resident_kb() -> dict[int, int]:
        status = {pid: Path(f"/proc/{pid}/status").read_text() for pid in product.children()}
        return {pid: int(text.split("VmRSS:")[1].split()[0]) for pid, text in status.items()}

    bodies = [body for body, _, _ in REFUSED.values()]
    for body in [picture, *bodies] * 3:
        http.post("/v1/frames", content=body)
    before = resident_kb()
    for body in [picture, *bodies] * 25:
        assert http.post("/v1/frames", content=body).status_code != 500
    after = resident_kb()
    assert before.keys() == after.keys(), "a service was restarted"
    assert all(after[pid] - before[pid] < NOISE_KB for pid in before), (before, after)


def test_what_is_no_task_on_the_queues_ends_no_worker(product, http, picture):
    before = product.children()
    with redis.Redis.from_url(product.queue) as client:
        for queue in (FACES, FRAMES):
            client.lpush(queue, b"rubbish", b"{}")
        deadline = time.monotonic() + 20
        while sum("could not be handled" in line for line in product.lines) < 4:
            assert time.monotonic() < deadline, product.lines[-20:]
            time.sleep(0.1)
        answer = http.post("/v1/frames", content=picture).json()
        assert (answer["status"], client.llen(FRAMES)) == ("ok", 0)
    assert product.children() == before
