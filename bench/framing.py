"""Accuracy as a user gets it: ``python -m bench.framing [--pictures 500]`` prints a table as JSON.

FER-2013's validation pictures are put on larger frames, plain and cluttered, at several sizes, and sent to the running
services over HTTP. For each size: how many faces are found, and how often the answer is the plurality of the taggers,
beside how often it is when the classifier gets the original picture. Choices were made on even-numbered pictures; the
odd ones are used here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from bench.people import BOX_BELOW, Picture, wall
from classifier_service.classifier import Classifier
from model_export.data import NOT_A_FACE, Split, data_folder, plurality
from moodstream.client import Client
from moodstream.hardware import hardware
from moodstream.local import local_stack
from moodstream.settings import settings
from moodstream.types import FrameReading

SIZES = (60, 80, 100, 140, 200, 300)
BACKGROUNDS = ("plain", "cluttered")
#: Width and height of the frames.
FRAME = (640, 480)
#: From this size on nearly all must be found.
NEAR = 100


@dataclass(frozen=True)
class Shown:
    """A picture on a frame: its number, corner and side there, and the frame as a file."""

    number: int
    x: int
    y: int
    side: int
    frame: bytes


def pictures(n: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (n, 48, 48) that every tagger took for a face, out of those that nothing was chosen on, and the plurality.

    The plurality of the taggers is -1 where there is none of the seven; where nobody voted the label takes its place.

    Raises:
        FileNotFoundError: the split has not been prepared.
    """
    split = Split.load(data_folder() / "validation.npz")
    odd = np.arange(1, len(split), 2)
    if split.votes is not None:
        odd = odd[split.votes[odd, NOT_A_FACE] == 0]
    chosen = np.random.default_rng(0).permutation(odd)[:n]
    return split.images[chosen], (split.labels if split.votes is None else plurality(split))[chosen]


def background(kind: str, random: np.random.Generator) -> Picture:
    """A gray wall, or a room, a table or a garage full of things."""
    if kind == "plain":
        return np.full((FRAME[1], FRAME[0], 3), random.integers(30, 226), np.uint8)
    scenes = [data.coffee, data.rocket, data.chelsea, lambda: data.stereo_motorcycle()[0]]
    number = int(random.integers(2 * len(scenes)))
    picture = cv2.cvtColor(scenes[number](), cv2.COLOR_RGB2BGR) if number < len(scenes) else wall(random)
    return np.asarray(cv2.resize(picture, FRAME, interpolation=cv2.INTER_AREA), np.uint8)


def shown(images: NDArray[np.uint8], side: int, kind: str) -> Iterator[Shown]:
    """Every picture on a frame of its own, as JPEG."""
    random = np.random.default_rng(side)
    for number, image in enumerate(images):
        frame = background(kind, random).copy()
        x, y = (int(random.integers(0, length - side + 1)) for length in FRAME)
        large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
        frame[y : y + side, x : x + side] = large[..., None]
        file = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        yield Shown(number, x, y, side, file)


def pick(answer: FrameReading, where: Shown) -> tuple[int | None, int]:
    """The expression read in the picture's face, None if it was not found, and how many finds lie elsewhere."""
    if answer.status != "ok":
        raise RuntimeError(f"a frame was answered {answer.status}: {answer.error}")
    hits = []
    for reading in answer.readings:
        x, y, w, h = reading.face.box
        off_x = abs(x + w / 2 - where.x - where.side / 2)
        off_y = abs(y + h / 2 - where.y - where.side * (0.5 + BOX_BELOW))
        if max(off_x, off_y) < 0.3 * where.side and 0.4 < w / where.side < 1.5:
            hits.append(reading)
    elsewhere = len(answer.readings) - len(hits[:1])
    return (int(np.argmax(hits[0].raw or ())), elsewhere) if hits else (None, elsewhere)


def measure(url: str, n: int, sizes: list[int]) -> dict[str, object]:
    """The table, and what it comes to for the larger sizes."""
    images, truth = pictures(n)
    classifier = Classifier.load(settings().model)
    alone = np.concatenate(
        [classifier.classify(images[i : i + 64]).probabilities.argmax(1) for i in range(0, len(images), 64)]
    )
    rows = []
    with Client(url) as client, ThreadPoolExecutor(2) as pool:
        for kind in BACKGROUNDS:
            for side in sizes:
                read = pool.map(
                    lambda where: (where.number, *pick(client.read(where.frame), where)), shown(images, side, kind)
                )
                rows.append(_row(kind, side, list(read), truth, alone))
    return {
        "pictures": len(images),
        "table": rows,
        f"{NEAR} pixels and more": {
            kind: _sum([r for r in rows if r["side"] >= NEAR and kind in (r["frame"], "all")])
            for kind in (*BACKGROUNDS, "all")
        },
    }


def _row(
    kind: str, side: int, read: list[tuple[int, int | None, int]], truth: NDArray[np.int64], alone: NDArray[np.int64]
) -> dict[str, object]:
    found = {number: answer for number, answer, _ in read if answer is not None}
    judged = [number for number in found if truth[number] >= 0]
    right = [number for number in judged if found[number] == truth[number]]
    return {
        "frame": kind,
        "side": side,
        "n": len(read),
        "found": round(len(found) / len(read), 4),
        "accuracy": round(len(right) / max(len(judged), 1), 4),
        "accuracy of the original crops": round(float((alone[judged] == truth[judged]).mean()), 4),
        "finds elsewhere": sum(elsewhere for *_, elsewhere in read),
    }


def _sum(rows: list[dict[str, object]]) -> dict[str, float]:
    keys = ("found", "accuracy", "accuracy of the original crops")
    return {key: round(float(np.mean([row[key] for row in rows])), 4) for key in keys} if rows else {}


async def run(n: int, sizes: list[int]) -> dict[str, object]:
    """Start the services, measure, stop them."""
    # What is asked here is whether answers are right; on a busy machine they may take their time.
    os.environ.setdefault("MOODSTREAM_DEADLINE_MS", "60000")
    async with local_stack(settings(), lambda name, line: None, page=False) as addresses:
        result = await asyncio.to_thread(measure, addresses.detector, n, sizes)
    return {**result, "hardware": hardware()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(run(arguments.pictures, arguments.sizes)), indent=1))
