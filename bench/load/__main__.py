"""A simulated class: ``python -m bench.load [URL] --streams 2,4,8 --faces 25 --fps 5 --seconds 20`` prints JSON.

Each of N streams sends pictures with M moving faces, F a second, through the page as a browser does (or, with
``--detector``, straight to a detector). Several numbers of streams make a ramp, one step after the other. For each
step: answers by status, their age on the sender's clock, and every frame that was not answered. Ctrl-C ends the step
and still prints.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.grid import Gallery
from bench.load.door import Detector, Door, Page
from bench.load.stream import Participant, Plan
from bench.load.tally import Tally
from bench.people import astronauts, photographs
from moodstream.hardware import hardware

#: Pictures that a stream goes through again and again.
PICTURES = 40
SEED = 1


def class_pictures(faces: int, fps: float, size: tuple[int, int], portraits: Path | None) -> list[bytes]:
    """JPEGs of a gallery of ``faces`` moving people, as the window of a call shows them."""
    random = np.random.default_rng(SEED)
    if portraits is None:
        people = astronauts(faces, random)
    else:
        found = photographs(portraits)
        people = [found[i % len(found)] for i in range(faces)]
    gallery = Gallery(people, size, SEED)
    quality = [cv2.IMWRITE_JPEG_QUALITY, 70]
    frames = (gallery.frame(number / fps)[0] for number in range(PICTURES))
    return [cv2.imencode(".jpg", frame, quality)[1].tobytes() for frame in frames]


async def step(door: Door, pictures: list[bytes], streams: int, plan: Plan, stop: asyncio.Event) -> dict[str, Any]:
    """Let ``streams`` participants stream side by side until the plan or ``stop`` ends it, and sum up."""
    tally = Tally()
    began = time.monotonic()
    people = [Participant(door, pictures, plan, tally, number * 7 % len(pictures)) for number in range(streams)]
    stopping = asyncio.create_task(_finish_at(stop, people))
    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(person.run())
            await asyncio.sleep(1 / plan.fps / streams)  # so that their frames do not come at the same moment
    stopping.cancel()
    return {"streams": streams, **tally.report(min(time.monotonic() - began, plan.seconds))}


async def _finish_at(stop: asyncio.Event, people: list[Participant]) -> None:
    await stop.wait()
    for person in people:
        person.finish()


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """All steps of the ramp."""
    url = options.url.rstrip("/")
    door: Door = Detector(url) if options.detector else Page(url, options.login)
    width, height = (int(word) for word in options.size.split("x"))
    pictures = class_pictures(options.faces, options.fps, (width, height), options.portraits)
    plan = Plan(options.fps, options.seconds, options.in_flight, options.mode, options.view)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    steps = []
    for streams in options.streams.split(","):
        if not stop.is_set():
            steps.append(await step(door, pictures, int(streams), plan, stop))
    asked = {name: getattr(options, name) for name in ("faces", "fps", "seconds", "size", "mode", "view", "in_flight")}
    return {**asked, "steps": steps, "hardware of the sender": hardware()}


def main() -> None:
    """Read the options, run, print."""
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    known = os.environ.get("MOODSTREAM_LOAD_URL", "http://127.0.0.1:7860")
    parser.add_argument("url", nargs="?", default=known, help=f"the page, or with --detector a detector; {known}")
    parser.add_argument("--streams", default="1", help="streams side by side; several with commas make a ramp")
    parser.add_argument("--faces", type=int, default=9, help="faces in each picture")
    parser.add_argument("--fps", type=float, default=5.0, help="pictures a second of each stream")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each step")
    parser.add_argument("--size", default="1280x720", help="of the pictures, in pixels")
    parser.add_argument("--in-flight", type=int, default=2, help="pictures of a stream under way at most")
    parser.add_argument("--mode", choices=("live", "recorded"), default="live")
    parser.add_argument("--view", choices=("individual", "group"), default="individual")
    parser.add_argument("--login", default="", help="name:password, for a page with a login")
    parser.add_argument("--portraits", type=Path, help="folder of pictures, each of one person")
    parser.add_argument("--detector", action="store_true", help="the URL is a detector's")
    print(json.dumps(asyncio.run(run(parser.parse_args())), indent=2))


if __name__ == "__main__":
    main()
