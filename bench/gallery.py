"""Whole classes found: ``python -m bench.gallery [--faces 9 25 49] [--seconds 60] [--portraits FOLDER]`` prints JSON.

Galleries of portraits, still and moving, are searched frame by frame as a stream is. For each: the part of the faces
found in the first frame and over all frames, the most false finds in any frame, and the processor time of the search
(all threads of this process), for the first frame and at the median of the others; beside it the number of looks that
the detector took and what one costs, since processor time depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.grid import Gallery
from bench.people import Box, Picture, Portrait, astronauts, from_fer, photographs
from detector_service.boxes import overlaps
from detector_service.detectors import Detector, make_detector
from detector_service.finder import Finder
from moodstream.hardware import hardware
from moodstream.settings import settings
from moodstream.types import Face

log = logging.getLogger(__name__)

SIZES = ((1280, 720), (1920, 1080))
#: A find shows a face if the boxes' intersection over union is at least this.
SAME = 0.3


def matched(faces: Sequence[Face], truth: Sequence[Box | None], whole_tiles: bool) -> tuple[list[int], int]:
    """The numbers of the true faces that were found, and how many finds show none of them.

    With ``whole_tiles`` the truth is only a tile in which there is one face.
    """
    found: list[int] = []
    false = 0
    for face in faces:
        x, y = face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2
        hits = [
            i
            for i, box in enumerate(truth)
            if box is not None
            and i not in found
            and (
                box[0] <= x < box[0] + box[2] and box[1] <= y < box[1] + box[3]
                if whole_tiles
                else overlaps([face.box], [box])[0, 0] >= SAME
            )
        ]
        if hits:
            found.append(hits[0])
        else:
            false += 1
    return found, false


class Counted:
    """A detector whose looks are counted and timed, ``spent`` in seconds of processor time."""

    def __init__(self, detector: Detector) -> None:
        self.name, self.framing, self.side = detector.name, detector.framing, detector.side
        self.min_score, self.close = detector.min_score, detector.close
        self._detector = detector
        self.looks, self.spent = 0, 0.0

    def look(self, picture: Picture) -> list[Face]:
        began = time.process_time()
        found = self._detector.look(picture)
        self.looks, self.spent = self.looks + 1, self.spent + time.process_time() - began
        return found


def watch(gallery: Gallery, real: Detector, seconds: float, fps: float, moving: bool) -> dict[str, object]:
    """Search a stream of the gallery's frames."""
    finder, detector, whole_tiles = Finder(), Counted(real), gallery.portraits[0].face is None
    hits, false, spent = np.zeros(len(gallery.portraits), int), [], []
    frames = max(round(seconds * fps), 1)
    for number in range(frames):
        image, truth = gallery.frame(number / fps, moving)
        began = time.process_time()
        faces = finder.find(image, detector, number / fps)
        spent.append(1000 * (time.process_time() - began))
        found, extra = matched(faces, truth, whole_tiles)
        hits[found] += 1
        false.append(extra)
        if number == 0:
            first, looks = len(found), detector.looks
    return {
        "frames": frames,
        "found in the first frame": first,
        "recall": round(float(hits.mean() / frames), 4),
        "recall of the worst seat": round(float(hits.min() / frames), 3),
        "most false finds in a frame": max(false),
        "false finds a frame": round(statistics.mean(false), 3),
        "first frame, processor ms": round(spent[0], 1),
        "later frames, processor ms": {
            "median": round(statistics.median(spent[1:] or spent), 1),
            "mean": round(statistics.mean(spent[1:] or spent), 1),
        },
        "looks": {"first frame": looks, "later": round((detector.looks - looks) / max(frames - 1, 1), 1)},
        "one look, processor ms": round(1000 * detector.spent / detector.looks, 2),
    }


def measure(options: argparse.Namespace) -> list[dict[str, object]]:
    """All galleries that the options ask for."""
    sources: dict[str, Callable[[int, np.random.Generator], list[Portrait]]] = {}
    if options.portraits:
        pictures = photographs(options.portraits)
        sources["folder"] = lambda n, random: [pictures[i] for i in random.permutation(n) % len(pictures)]
    else:
        sources = {"fer": from_fer, "astronaut": astronauts}
    detector = make_detector(settings().model_copy(update={"detector": options.detector}))
    results = []
    for source in options.sources or sources:
        for n in options.faces:
            portraits = sources[source](n, np.random.default_rng(options.seed))
            for size in SIZES:
                gallery = Gallery(portraits, size, options.seed)
                for moving in (False, True):
                    seconds = options.seconds if moving else 1.5
                    result = watch(gallery, detector, seconds, options.fps, moving)
                    about = {"portraits": source, "faces": n, "size": "{}x{}".format(*size), "moving": moving}
                    results.append({**about, **result})
                    log.info("%s", json.dumps(results[-1]))
    detector.close()
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, nargs="+", default=[9, 25, 49])
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the moving ones are watched")
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--detector", choices=("mediapipe", "haar"), default="mediapipe")
    parser.add_argument("--sources", nargs="+", choices=("fer", "astronaut"), help="both if not given")
    parser.add_argument("--portraits", type=Path, help="a folder of portraits instead, one person each")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    print(json.dumps({"galleries": measure(arguments), "hardware": hardware()}, indent=1))
