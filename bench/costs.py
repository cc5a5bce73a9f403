"""What a frame costs each service, in processor time: ``python -m bench.costs [--frames 200]``.

Starts the real services, the page among them, streams frames of 1, 9, 25 and 49 faces through the page's socket, one in
flight, and prints as JSON how much processor time each service spent a frame. Processor time, unlike latency, hardly
depends on what else the machine does; the thresholds of the autoscalers and docs/capacity.md come from it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from pathlib import Path

import cv2
import numpy as np
import websockets

from bench.grid import Gallery
from bench.path import frame_with_one_face
from bench.people import astronauts
from frontend import relay, token
from moodstream.hardware import hardware
from moodstream.local import free_port, local_stack
from moodstream.settings import Settings
from moodstream.wire import pack_frame

SECRET = "of a benchmark"
FACES = (1, 9, 25, 49)
SIZE = (1280, 720)
#: Frames a second that are sent, and how many different ones there are.
FPS, DIFFERENT = 5.0, 40
#: Part of the command line of a process → the service that it is.
SERVICES = {
    "valkey-server": "redis",
    "worker faces": "live worker",
    "worker recorded": "recorded worker",
    "worker frames": "frame worker",
    "detector_service": "detector",
    "frontend": "page",
}


def pictures(faces: int) -> list[bytes]:
    """JPEGs of one face at 640x480, or of a moving class at 1280x720."""
    if faces == 1:
        return [frame_with_one_face()]
    gallery = Gallery(astronauts(faces, np.random.default_rng(faces)), SIZE)
    images = [gallery.frame(number / FPS)[0] for number in range(DIFFERENT)]
    return [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for image in images]


def processor_seconds() -> dict[str, float]:
    """Service → processor time that its processes have spent so far."""
    tick, spent = os.sysconf("SC_CLK_TCK"), dict.fromkeys(SERVICES.values(), 0.0)
    for child in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for pid in child.read_text().split():
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            service = next((name for part, name in SERVICES.items() if part in command), None)
            if service is not None:
                user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
                spent[service] += (int(user) + int(system)) / tick
    return spent


async def measure(page: str, faces: int, frames: int) -> dict[str, object]:
    """Stream ``frames`` frames; milliseconds of processor time a frame by service, idle cost taken off."""
    sent = pictures(faces)
    address = page.replace("http", "ws", 1) + "/ws/stream"
    protocols = [relay.PROTOCOL, token.make(SECRET.encode(), time.time())]
    async with websockets.connect(address, subprotocols=protocols, origin=page, compression=None) as socket:  # type: ignore[arg-type]
        await socket.send(json.dumps({"v": 1, "mode": "live", "view": "individual"}))

        async def stream(n: int) -> int:
            found = 0
            for number in range(n):
                began = time.monotonic()
                await socket.send(pack_frame(number, round(time.time() * 1000), sent[number % len(sent)]))
                answer = json.loads(await socket.recv())
                assert answer["status"] == "ok", answer
                found += len(answer["faces"])
                await asyncio.sleep(max(0.0, 1 / FPS - (time.monotonic() - began)))
            return found

        await stream(DIFFERENT)
        idle_from, before_idle = time.monotonic(), processor_seconds()
        await asyncio.sleep(10)
        idle_s, idle = time.monotonic() - idle_from, processor_seconds()
        rate = {name: (idle[name] - before_idle[name]) / idle_s for name in idle}
        began, before = time.monotonic(), processor_seconds()
        found = await stream(frames)
        took, after = time.monotonic() - began, processor_seconds()
    cost = {name: 1000 * (after[name] - before[name] - rate[name] * took) / frames for name in after}
    return {
        "faces": faces,
        "found_a_frame": round(found / frames, 2),
        "bytes_a_frame": round(sum(map(len, sent)) / len(sent)),
        "processor_ms_a_frame": {name: round(value, 2) for name, value in cost.items()},
        "idle_share_of_a_core": {name: round(value, 4) for name, value in rate.items()},
    }


async def run(frames: int) -> dict[str, object]:
    """Start the services, measure each size of class, stop them."""
    os.environ |= {"MOODSTREAM_DEADLINE_MS": "30000", "MOODSTREAM_SECRET": SECRET}
    options = Settings(workers=1, page_port=free_port(17960))  # type: ignore[call-arg]
    async with local_stack(options, lambda name, line: None) as addresses:
        sizes = [await measure(addresses.page, faces, frames) for faces in FACES]
    return {"sizes": sizes, "frames": frames, "hardware": hardware()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    print(json.dumps(asyncio.run(run(parser.parse_args().frames)), indent=2))
