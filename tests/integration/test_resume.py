"""A stream goes on at another replica when the one that held it is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import httpx
import numpy as np
import pytest
from skimage.data import astronaut

from moodstream.client import Client, ServiceError, Stream
from tests.running import READY_WITHIN_S, Running

# Three detectors start here, each with its models.
pytestmark = pytest.mark.timeout(600)


@contextmanager
def detector(product: Running, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """One more detector on the product's queue: its URL and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"MOODSTREAM_REDIS_URL": product.queue, "MOODSTREAM_DETECTOR_PORT": str(port), **environment}
    process = subprocess.Popen([sys.executable, "-m", "detector_service"], env={**os.environ, **own})
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        with Client(url) as client:
            while not client.is_ready():
                assert process.poll() is None, "the detector ended while starting"
                assert time.monotonic() < deadline, "the detector was not ready in time"
                time.sleep(0.5)
        yield url, process
    finally:
        process.kill()
        process.wait()


def two_faces(smiling: bool = True) -> bytes:
    """JPEG with the portrait twice, the second time mirrored; not smiling: the mouth is covered."""
    portrait = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    if not smiling:
        cv2.ellipse(portrait, (226, 146), (32, 22), 0, 0, 360, (120, 140, 190), -1)
    portrait = portrait[:320, 64:384]
    return cv2.imencode(".jpg", np.hstack([portrait, portrait[:, ::-1]]))[1].tobytes()


async def test_seats_and_smoothing_go_on_at_another_replica(product: Running) -> None:
    with detector(product) as (first_url, first), detector(product) as (second_url, _):
        async with Stream(first_url, smoothing=30.0) as stream:
            for step in range(5):
                before = await stream.read(two_faces(), 1_000_000 + 100 * step)
                assert before.status == "ok", before
            os.kill(first.pid, signal.SIGKILL)
            with pytest.raises(ServiceError):
                for _ in range(100):
                    await stream.read(two_faces())
        assert stream.last == before
        seats = {reading.face.seat: reading for reading in before.readings}
        assert len(seats) == 2

        async with Stream(second_url, smoothing=30.0, resume=stream.last) as stream:
            after = await stream.read(two_faces(smiling=False), 1_000_430)
            again = await stream.read(two_faces(smiling=False), 1_000_460)
        assert {reading.face.seat for reading in after.readings} == set(seats)
        assert {reading.face.seat for reading in again.readings} == set(seats)
        for reading in after.readings:
            old = np.array(seats[reading.face.seat].probabilities)
            smoothed, raw = np.array(reading.probabilities), np.array(reading.raw)
            moved, changed = abs(smoothed - old).max(), abs(raw - old).max()
            assert changed > 0.3, "the other picture must read differently, or this test shows nothing"
            # The next frame of a camera: the average has hardly moved towards the new picture.
            assert moved < 0.1 * changed + 0.001


async def test_without_resume_nothing_is_known(product: Running) -> None:
    async with Stream(product.detector, smoothing=30.0) as stream:
        one = await stream.read(two_faces())
    async with Stream(product.detector, smoothing=30.0) as stream:
        other = await stream.read(two_faces(smiling=False))
    assert not {r.face.seat for r in one.readings} & {r.face.seat for r in other.readings}
    assert all(reading.raw == reading.probabilities for reading in other.readings)


async def test_an_operator_forbids_single_readings(product: Running) -> None:
    with detector(product, MOODSTREAM_INDIVIDUAL="off") as (url, _):
        async with Stream(url, view="individual", embeddings=True) as stream:
            answer = (await stream.read(two_faces())).to_json()
        picture = httpx.post(f"{url}/v1/frames", content=two_faces(), trust_env=False).json()
    for told in (answer, picture):
        assert (told["view"], told["group"]["faces"], len(told["faces"])) == ("group", 2, 2)
        for face in told["faces"]:
            assert {name for name, value in face.items() if value is not None} == {"box", "score"}
