"""The whole path of a frame against the same work called in one process; a part of bench/limit.py."""

from __future__ import annotations

import math
import statistics
import time

import cv2
import numpy as np

from bench.figures import Figures, judged
from bench.grid import Gallery
from bench.path import frame_with_one_face
from bench.people import astronauts
from bench.processes import stack
from classifier_service.classifier import Classifier
from detector_service.detectors import make_detector
from detector_service.find import find
from detector_service.finder import Finder
from moodstream.client import Stream
from moodstream.settings import settings
from moodstream.types import CROP_SIDE

#: Frames in a row of either.
BLOCK = 50


def frames(faces: int, n: int = 40) -> list[bytes]:
    """JPEGs of moving faces, ten a second, forth and back so that they can be shown over and over.

    One face is on 640x480, more are a gallery on 1280x720.
    """
    if faces == 1:
        made = [frame_with_one_face(round(30 * math.sin(i / 5))) for i in range(n)]
    else:
        gallery = Gallery(astronauts(faces, np.random.default_rng(faces)), (1280, 720))
        shown = (gallery.frame(i / 10)[0] for i in range(n))
        made = [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for image in shown]
    return [*made, *made[-2:0:-1]]


async def path(frames_wanted: int) -> Figures:
    pictures = frames(1)
    detector, finder, classifier = make_detector(settings()), Finder(), Classifier.load(settings().model)
    faces, bare = 0, list[float]()
    whole = list[float]()

    def chain(number: int) -> None:
        began = time.perf_counter()
        answer, crops = find(pictures[number % len(pictures)], detector, settings(), finder, number / 10)
        classifier.classify(np.frombuffer(crops, np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE))
        bare.append(1000 * (time.perf_counter() - began))
        assert answer.readings, answer

    async with stack() as addresses, Stream(addresses.detector) as stream:
        for start in range(0, frames_wanted + BLOCK, BLOCK):  # the first block warms up
            for number in range(start, start + BLOCK):
                chain(number)
            for number in range(start, start + BLOCK):
                began = time.perf_counter()
                answer = await stream.read(pictures[number % len(pictures)], 100 * number)
                whole.append(1000 * (time.perf_counter() - began))
                assert answer.status == "ok", answer
                faces += len(answer.readings)
        bare, whole = bare[BLOCK:], whole[BLOCK:]
    detector.close()
    cuts = statistics.quantiles(whole, n=100)
    p50, p99, chain_p50 = cuts[49], cuts[98], statistics.median(bare)
    more = {
        "frames": len(whole),
        "faces_a_frame": round(faces / (len(whole) + BLOCK), 2),
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "bare_p50_ms": round(chain_p50, 2),
    }
    more["bare_p99_ms"] = round(statistics.quantiles(bare, n=100)[98], 2)
    return {
        "p50_over_bare_chain": judged(p50 / chain_p50, 2.5, 1.5, **more),
        "p99_over_p50": judged(p99 / p50, 4, 2, bare=round(more["bare_p99_ms"] / chain_p50, 2)),  # type: ignore[operator]
    }
