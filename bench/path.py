"""Speed of the whole path: ``python -m bench.path [--frames 500] [--faces 1] [--in-flight 1]``.

Starts the real services (detector, embedded Valkey, classifier workers), streams frames over the WebSocket, and prints
answers a second and the latency of a frame as JSON. One face is one 640x480 picture; more are a moving class drawn
around FER-2013's validation pictures, 1280x720.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections import Counter

import cv2
import numpy as np
import websockets
from skimage.data import astronaut

from bench.grid import Gallery
from bench.people import Picture, from_fer
from moodstream.hardware import hardware
from moodstream.local import local_stack
from moodstream.settings import settings
from moodstream.types import STAGES
from moodstream.wire import pack_frame

WARM_UP = 50
#: A class moves for so many frames, then backwards, as seen by a camera of so many frames a second.
CLASS_FRAMES, CLASS_RATE = 200, 15


def frame_with_one_face(shift: int = 0) -> bytes:
    """JPEG, 640x480, of scikit-image's public-domain portrait, ``shift`` pixels to the right."""
    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)[:480]
    picture = cv2.copyMakeBorder(picture, 0, 0, 64 + shift, 64 - shift, cv2.BORDER_REPLICATE)
    return jpeg(picture)


def frames_with_a_class(faces: int) -> list[bytes]:
    """JPEGs, 1280x720, of a moving class, forwards and back."""
    gallery = Gallery(from_fer(faces, np.random.default_rng(1)), (1280, 720), 1)
    there = [jpeg(gallery.frame(number / CLASS_RATE)[0]) for number in range(CLASS_FRAMES)]
    return there + there[::-1]


def jpeg(picture: Picture) -> bytes:
    """The picture as a page sends it."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()


async def measure(url: str, pictures: list[bytes], frames: int, in_flight: int) -> dict[str, object]:
    """Stream ``frames`` frames, ``in_flight`` at a time, and sum up the answers; latencies in milliseconds."""
    latencies, stages, faces, statuses = [], {stage: [] for stage in STAGES}, 0, Counter()
    sent: list[float] = []
    async with websockets.connect(url, compression=None) as socket:

        async def send() -> None:
            await socket.send(pack_frame(len(sent), round(time.time() * 1000), pictures[len(sent) % len(pictures)]))
            sent.append(time.perf_counter())

        await socket.send(json.dumps({"v": 1, "mode": "live", "view": "individual"}))
        for _ in range(in_flight):
            await send()
        for number in range(WARM_UP + frames):
            answer = json.loads(await socket.recv())
            if number == WARM_UP:
                began = time.perf_counter()
            if number >= WARM_UP:
                statuses[answer["status"]] += 1
                if answer["status"] == "ok":
                    latencies.append((time.perf_counter() - sent[answer["frame"]]) * 1000)
                    faces += len(answer["faces"])
                    for stage, values in stages.items():
                        values.append(answer["timings_ms"][stage] or 0.0)
            await send()
        seconds = time.perf_counter() - began
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "frames": frames,
        "answered": dict(statuses),
        "faces_a_frame": round(faces / len(latencies), 2),
        "answers_a_second": round(len(latencies) / seconds, 1),
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "median_stage_ms": {stage: round(statistics.median(values), 2) for stage, values in stages.items()},
    }


async def run(frames: int, faces: int, in_flight: int) -> dict[str, object]:
    """Start the services, measure, stop them."""
    pictures = [frame_with_one_face()] if faces == 1 else frames_with_a_class(faces)
    async with local_stack(settings(), lambda name, line: None, page=False) as addresses:
        url = addresses.detector.replace("http", "ws", 1) + "/v1/stream"
        result = await measure(url, pictures, frames, in_flight)
    return {**result, "hardware": hardware()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--faces", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=1)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(run(arguments.frames, arguments.faces, arguments.in_flight)), indent=2))
