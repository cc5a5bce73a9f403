"""Speed of the whole path: ``python -m bench.path [--frames 500]``.

Starts the real services (detector, embedded Valkey, classifier workers), streams one 640x480 frame with one face over
the WebSocket, one in flight as the page does, and prints answers a second and the latency of a frame as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time

import cv2
import websockets
from skimage.data import astronaut

from bench.hardware import hardware
from moodstream.local import local_stack
from moodstream.settings import settings
from moodstream.types import STAGES
from moodstream.wire import pack_frame

WARM_UP = 50


def frame_with_one_face(shift: int = 0) -> bytes:
    """JPEG, 640x480, of scikit-image's public-domain portrait, ``shift`` pixels to the right."""
    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)[:480]
    picture = cv2.copyMakeBorder(picture, 0, 0, 64 + shift, 64 - shift, cv2.BORDER_REPLICATE)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 70])[1].tobytes()


async def measure(url: str, frames: int) -> dict[str, object]:
    """Stream ``frames`` frames and sum up the answers; latencies in milliseconds."""
    picture, latencies, stages, faces = frame_with_one_face(), [], {stage: [] for stage in STAGES}, 0
    async with websockets.connect(url, compression=None) as socket:
        await socket.send(json.dumps({"v": 1, "mode": "live", "view": "individual"}))
        for number in range(WARM_UP + frames):
            if number == WARM_UP:
                began = time.perf_counter()
            sent = time.perf_counter()
            await socket.send(pack_frame(number, round(time.time() * 1000), picture))
            answer = json.loads(await socket.recv())
            assert answer["frame"] == number
            assert answer["status"] == "ok", answer
            if number >= WARM_UP:
                latencies.append((time.perf_counter() - sent) * 1000)
                faces += len(answer["faces"])
                for stage, values in stages.items():
                    values.append(answer["timings_ms"][stage] or 0.0)
        seconds = time.perf_counter() - began
    cuts = statistics.quantiles(latencies, n=100)
    return {
        "frames": frames,
        "faces_a_frame": faces / frames,
        "answers_a_second": round(frames / seconds, 1),
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
        "median_stage_ms": {stage: round(statistics.median(values), 2) for stage, values in stages.items()},
    }


async def run(frames: int) -> dict[str, object]:
    """Start the services, measure, stop them."""
    async with local_stack(settings(), lambda name, line: None, page=False) as addresses:
        result = await measure(addresses.detector.replace("http", "ws", 1) + "/v1/stream", frames)
    return {**result, "hardware": hardware()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500)
    print(json.dumps(asyncio.run(run(parser.parse_args().frames)), indent=2))
