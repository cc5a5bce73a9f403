"""What a second thread that searches brings one detector: ``python -m bench.threads [--frames 60] [--rounds 3]``.

Finds the faces of two moving classes of 25, first one after the other, then each in a thread of its own, in turns, and
prints frames a second and processor milliseconds a frame as JSON. Two cores that are free tell the most.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from bench.costs import FPS, pictures
from detector_service.detectors import Detector, make_detector
from detector_service.find import find
from detector_service.finder import Finder
from moodstream.hardware import hardware
from moodstream.settings import Settings, settings

FACES, STREAMS = 25, 2


def search(detector: Detector, options: Settings, frames: list[bytes]) -> int:
    """Faces found in one stream of frames."""
    finder = Finder()
    return sum(
        len(find(frame, detector, options, finder, number / FPS)[0].readings) for number, frame in enumerate(frames)
    )


def measure(threads: int, detectors: list[Detector], options: Settings, frames: list[bytes]) -> tuple[float, float]:
    """Frames a second, and processor milliseconds a frame."""
    began, spent = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda detector: search(detector, options, frames), detectors))
    took, spent = time.perf_counter() - began, time.process_time() - spent
    assert min(found) > 0.9 * FACES * len(frames), found
    return STREAMS * len(frames) / took, 1000 * spent / (STREAMS * len(frames))


def main() -> None:
    """Measure in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    options, sent = settings(), pictures(FACES)
    frames = [sent[number % len(sent)] for number in range(given.frames)]
    detectors = [make_detector(options) for _ in range(STREAMS)]
    rounds = [[measure(threads, detectors, options, frames) for threads in (1, 2)] for _ in range(given.rounds)]
    result: dict[str, object] = {"faces": FACES, "frames": given.frames, "rounds": given.rounds}
    for place, threads in enumerate(("1 thread", "2 threads")):
        rates, costs = zip(*(one[place] for one in rounds), strict=True)
        result[threads] = {
            "frames_a_second": round(statistics.median(rates), 1),
            "processor_ms_a_frame": round(statistics.median(costs), 1),
        }
    result["gain"] = round(statistics.median(two[0] / one[0] for one, two in rounds), 2)
    print(json.dumps({**result, "hardware": hardware()}, indent=2))


if __name__ == "__main__":
    main()
