"""How close the live path comes to what the machine can do: ``python -m bench.limit [PART ...]`` prints JSON.

Each part compares the product with something bare in turns, a few seconds each, so that what else the machine does
weighs on both; figures are ratios, with the floor below which something is wrong and what is aimed at.

path      client → WebSocket → detector → queue → worker → client, one face on 640x480, against decoding, searching,
          cropping and classifying called in one process
queue     faces a second through queue and worker, 49 a message, against ONNX Runtime alone on the same core
overhead  processor time of a worker for a message with one face, of 32 streams, less its inference's on the same core
gathering faces a second of 1 and 32 streams with one face each, whose frames share messages while answers are slow,
          over those of frames that have a message each
growth    faces a second of 1, 2, 4 and 8 workers whose classifying waits 20 ms, against so many times one worker's
fer       frames a second with 1, 9 and 49 faces, against the package fer 25.10.3 with its default detector and net, in
          an environment of its own that is made in the cache folder at the first run
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable

from bench.figures import Figures
from bench.limit_fer import against_fer
from bench.limit_path import path
from bench.limit_queue import gathering, growth, overhead, through_queue
from moodstream.hardware import hardware


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="all if none is named")
    parser.add_argument("--frames", type=int, default=2000, help="frames of the path")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a turn")
    options = parser.parse_args()
    parts: dict[str, Callable[[], Awaitable[Figures]]] = {
        "path": lambda: path(options.frames),
        "queue": lambda: through_queue(options.seconds),
        "overhead": lambda: overhead(options.seconds),
        "gathering": lambda: gathering(options.seconds),
        "growth": lambda: growth(options.seconds),
        "fer": lambda: against_fer(options.seconds),
    }
    unknown = set(options.parts) - set(parts)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; parts are {', '.join(parts)}")
    result: Figures = {}
    for name in options.parts or parts:
        told = asyncio.run(parts[name]())  # type: ignore[arg-type]
        print(json.dumps(told), file=sys.stderr, flush=True)
        result |= told
    load = os.getloadavg()[0]
    print(json.dumps({**result, "hardware": hardware(), "load_average": round(load, 1)}, indent=2))


if __name__ == "__main__":
    main()
