"""Whether seats hold: ``python -m bench.seats [--split validation] [--seconds 600]`` prints JSON.

A class of 25 is simulated: faces of FER-2013 sway, lean, roll their heads, turn them aside, speak, are hidden for up to
two seconds and now and then go away; the light changes, and a detector finds them with the jitter and the misses of a
real one. In the ``call`` everyone has a tile. In the ``room`` they sit close together, and somebody walks past every
half minute, whom the detector finds too. Seats are given from the boxes and the crops, as in the service.

A switch is a face that has another seat than before, although it was not hidden for more than two seconds, or that has
the seat of somebody else. ``reshuffled`` tells the opposite: everyone in the call sits on another tile all at once, and
no seat should stay with its tile. ``through_the_detector`` is the call of bench/grid.py, found by the real detector.

Thresholds of detector_service/seats.py were chosen with ``--split train``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.gallery import matched
from bench.grid import Gallery
from bench.people import drawn
from detector_service.crop import crop
from detector_service.detectors import make_detector
from detector_service.finder import Finder
from detector_service.seats import Seats
from model_export.data import NOT_A_FACE, Split, data_folder
from moodstream.settings import settings

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]

CLASS, FPS, SIZE = 25, 10, (1280, 720)
#: Longest hiding after which the seat must be the same.
HIDDEN_S = 2.0
#: Side of a face's box in the call and in the room, and its distance to the next face's, in pixels.
CALL, ROOM = (62.0, 250.0), (62.0, 105.0)
#: The detector: share of missed faces, jitter of place and size in box sides, share of boxes that are far off.
MISSED, JITTER, SIZES, WILD = 0.03, 0.02, 0.03, 0.03
#: Farther turned, in radians about, a face is not found.
PROFILE = 0.45
_SIDE = 96
_GRID = (np.arange(_SIDE, dtype=np.float32) + 0.5) / _SIDE * 2 - 1


@dataclass(frozen=True)
class Pose:
    """Where a face is (box sides from its place), rolled (degrees), how large, turned (radians), how open the mouth."""

    x: float
    y: float
    roll: float
    scale: float
    turned: float
    mouth: float


class Person:
    """A face and how it moves; all from one seed."""

    def __init__(self, face: Image, place: tuple[float, float], random: np.random.Generator, seconds: float) -> None:
        self.face, self.place = face, place
        self._swings = random.uniform((0.05, 0), (0.4, 2 * math.pi), (6, 2))
        self._every, self._start = random.uniform(4, 10), random.uniform(0, 10)
        self._rests = random.uniform(-1, 1, (256, 2))
        self._sides = list(_episodes(random, seconds, every_s=15, low_s=0.6, high_s=2.0))
        self._way = random.choice((-0.6, 0.6), len(self._sides) + 1)
        self._hidden = list(_episodes(random, seconds, every_s=20, low_s=0.3, high_s=HIDDEN_S))
        self._away = list(_episodes(random, seconds, every_s=180, low_s=5, high_s=20))

    def gone(self, t: float) -> bool:
        return any(a <= t < b for a, b in itertools.chain(self._hidden, self._away))

    def pose(self, t: float) -> Pose:
        swing = [math.sin(2 * math.pi * hertz * t + phase) for hertz, phase in self._swings]
        number, into = divmod(t + self._start, self._every)
        eased = min(into / 0.6, 1.0) ** 2 * (3 - 2 * min(into / 0.6, 1.0))
        a, b = self._rests[int(number) % 256], self._rests[(int(number) + 1) % 256]
        x, y = a + (b - a) * eased
        aside = 0.0
        for (begin, end), way in zip(self._sides, self._way, strict=False):
            if begin - 0.4 < t < end + 0.4:
                aside = way * min(1.0, (t - begin + 0.4) / 0.4, (end + 0.4 - t) / 0.4)
        mouth = max(0.0, swing[5]) * abs(math.sin(2 * math.pi * 2.3 * t)) * 0.25
        turned = aside + 0.15 * swing[4]
        return Pose(
            0.3 * x + 0.1 * swing[0], 0.12 * y + 0.08 * swing[1], 10 * swing[2], 1 + 0.12 * swing[3], turned, mouth
        )

    def box(self, t: float, side: float) -> Box:
        pose = self.pose(t)
        wide = side * pose.scale
        return (
            self.place[0] + pose.x * side - wide / 2 + 0.5 * pose.turned * side,
            self.place[1] + pose.y * side - wide / 2,
            wide,
            wide,
        )

    def crop(self, t: float, off: tuple[float, float, float], light: float, random: np.random.Generator) -> Image:
        """What a box sees that is ``off`` by a shift right and down and by a size, all in parts of its side."""
        pose = self.pose(t)
        # A head is round: what is turned to the side is squeezed there and hidden here.
        across = np.arcsin(np.clip(_GRID * 0.9, -1, 1)) / math.asin(0.9) * 0.9 + pose.turned * 0.9
        down = _GRID - pose.mouth * np.maximum(_GRID - 0.35, 0)
        columns = ((across + 1) / 2 * 48 - 0.5).astype(np.float32)[None].repeat(_SIDE, 0)
        rows = ((down + 1) / 2 * 48 - 0.5).astype(np.float32)[:, None].repeat(_SIDE, 1)
        head = cv2.remap(self.face, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        middle = (_SIDE - 1) / 2
        turn = cv2.getRotationMatrix2D((middle, middle), pose.roll, 0.5 / (1 + off[2]))
        turn[:, 2] += 23.5 - middle - 48 * np.array(off[:2])
        seen = cv2.warpAffine(head, turn, (48, 48), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        return np.clip(light * seen + random.normal(0, 5, seen.shape), 0, 255).astype(np.uint8)


class Walker(Person):
    """Somebody who crosses the room from left to right, each time at another height."""

    def gone(self, t: float) -> bool:
        return t % 30 > 8

    def box(self, t: float, side: float) -> Box:
        lap, into = divmod(t, 30)
        return -side + into / 8 * (SIZE[0] + side), 120.0 + 97.0 * lap % 480, 1.3 * side, 1.3 * side


def _episodes(
    random: np.random.Generator, seconds: float, every_s: float, low_s: float, high_s: float
) -> Iterator[tuple[float, float]]:
    t = random.exponential(every_s)
    while t < seconds:
        length = random.uniform(low_s, high_s)
        yield t, t + length
        t += length + 1.0 + random.exponential(every_s)


@dataclass
class Count:
    """Seats as they were given, counted against who was who."""

    switches: int = 0
    taken_over: int = 0
    new_after_absence: int = 0
    face_seconds: float = 0.0
    _last: dict[int, tuple[int, float]] = field(default_factory=dict)
    _owner: dict[int, int] = field(default_factory=dict)

    def note(self, t: float, people: Iterable[int], seats: Iterable[int]) -> None:
        for who, seat in zip(people, seats, strict=True):
            self.face_seconds += 1 / FPS
            owner = self._owner.setdefault(seat, who)
            if who in self._last:
                before, at = self._last[who]
                # A frame later than the hiding: the face was seen at one frame's moment, not between them.
                short = t - at <= HIDDEN_S + 1 / FPS + 1e-6
                self.switches += before != seat and short
                self.new_after_absence += before != seat and not short
            self.taken_over += owner != who and (who not in self._last or self._last[who][0] != seat)
            self._last[who], self._owner[seat] = (seat, t), who

    def told(self) -> dict[str, object]:
        ten_minutes = self.face_seconds / 600
        return {
            "switches": self.switches,
            "seats_taken_over": self.taken_over,
            "switches_a_face_and_ten_minutes": round((self.switches + self.taken_over) / ten_minutes, 3),
            "new_seats_after_longer_absence": self.new_after_absence,
            "face_minutes": round(self.face_seconds / 60, 1),
        }


def places(distance: float) -> list[tuple[float, float]]:
    columns = math.isqrt(CLASS)
    pitch = (distance, min(distance * 0.95, SIZE[1] / columns))
    left, top = (SIZE[0] - (columns - 1) * pitch[0]) / 2, (SIZE[1] - (columns - 1) * pitch[1]) / 2
    return [(left + pitch[0] * (i % columns), top + pitch[1] * (i // columns)) for i in range(CLASS)]


def found(
    people: list[Person], t: float, side: float, light: float, random: np.random.Generator
) -> tuple[list[int], list[Box], list[Image]]:
    """What the detector makes of the moment: who was found, with box and crop, in no order."""
    true = [person.box(t, side) for person in people]
    visible = []
    for i, person in enumerate(people):
        covered = isinstance(people[-1], Walker) and i < CLASS and not people[-1].gone(t)
        if person.gone(t) or abs(person.pose(t).turned) > PROFILE or random.random() < MISSED:
            continue
        if covered and math.dist(true[i][:2], true[-1][:2]) < 0.9 * side:
            continue
        visible.append(i)
    random.shuffle(visible)
    boxes, crops = [], []
    for i in visible:
        x, y, wide, _ = true[i]
        wild = 4.0 if random.random() < WILD else 1.0
        dx, dy, size = random.normal(0, (JITTER, JITTER, SIZES * wild))
        size = math.exp(size) - 1
        seen = wide * (1 + size)
        boxes.append((x + wide / 2 + dx * wide - seen / 2, y + wide / 2 + dy * wide - seen / 2, seen, seen))
        crops.append(people[i].crop(t, (dx, dy, size), light, random))
    return visible, boxes, crops


def simulated(faces: NDArray[np.uint8], room: bool, seconds: float, seed: int) -> dict[str, object]:
    random = np.random.default_rng(seed)
    side, distance = ROOM if room else CALL
    people = [Person(face, place, random, seconds) for face, place in zip(faces[:CLASS], places(distance), strict=True)]
    if room:
        people.append(Walker(faces[CLASS], (0.0, 0.0), random, seconds))
    seats, count = Seats(), Count()
    for number in range(round(seconds * FPS)):
        t = number / FPS
        # A lamp that is switched every minute, and a screen's light that wanders.
        light = (0.75 if int(t / 60) % 2 else 1.0) * (1 + 0.1 * math.sin(t / 3))
        who, boxes, crops = found(people, t, side, light, random)
        count.note(t, who, seats.assign(boxes, np.reshape(crops, (-1, 48, 48)).astype(np.uint8), SIZE, t))
    return count.told()


def reshuffled(faces: NDArray[np.uint8], times: int, seed: int) -> dict[str, object]:
    """Everyone moves on by some tiles at once; ``kept``: seats that stayed with the tile."""
    random = np.random.default_rng(seed)
    people = [Person(face, (0.0, 0.0), random, 10) for face in faces[:CLASS]]
    kept = 0
    for _ in range(times):
        seats = Seats()
        given: dict[int, int] = {}
        shift = int(random.integers(1, CLASS))
        for number in range(20):
            t, moved = number / FPS, shift if number >= 10 else 0
            for i, place in enumerate(places(CALL[1])):
                people[(i + moved) % CLASS].place = place
            who, boxes, crops = found(people, t, CALL[0], 1.0, random)
            numbers = seats.assign(boxes, np.reshape(crops, (-1, 48, 48)).astype(np.uint8), SIZE, t)
            at = {(i - moved) % CLASS: seat for i, seat in zip(who, numbers, strict=True)}
            if number == 10:
                kept += sum(given.get(tile) == seat for tile, seat in at.items())
            given |= at
    return {"times": times, "seats_that_stayed_with_the_tile": round(kept / (times * CLASS), 4)}


def through_the_detector(faces: NDArray[np.uint8], seconds: float, seed: int) -> dict[str, object]:
    random = np.random.default_rng(seed)
    gallery = Gallery([drawn(face, random) for face in faces[:CLASS]], SIZE, seed)
    hidden = [list(_episodes(random, seconds, 20, 0.3, HIDDEN_S)) for _ in range(CLASS)]
    detector, finder, seats, count = make_detector(settings()), Finder(), Seats(), Count()
    found_faces = 0
    try:
        for number in range(round(seconds * FPS)):
            t = number / FPS
            gone = [i for i, times in enumerate(hidden) if any(a <= t < b for a, b in times)]
            image, truth = gallery.frame(t, hidden=gone)
            seen = finder.find(image, detector, t)
            gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
            crops = np.reshape([crop(gray, face, detector.framing) for face in seen], (-1, 48, 48)).astype(np.uint8)
            numbers = seats.assign([face.box for face in seen], crops, SIZE, t)
            pairs = [(who[0], n) for f, n in zip(seen, numbers, strict=True) if (who := matched([f], truth, False)[0])]
            found_faces += len(pairs)
            count.note(t, [who for who, _ in pairs], [n for _, n in pairs])
    finally:
        detector.close()
    return {"detector": detector.name, "faces_a_frame": round(found_faces / seconds / FPS, 2), **count.told()}


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    split = Split.load(data_folder() / f"{arguments.split}.npz")
    sure = np.arange(len(split)) if split.votes is None else np.flatnonzero(split.votes[:, NOT_A_FACE] == 0)
    chosen = np.random.default_rng(arguments.seed).choice(sure, CLASS + 1, replace=False)
    faces = split.images[chosen]
    result: dict[str, object] = {"pictures": f"FER-2013 {arguments.split}", "faces": CLASS}
    if arguments.seconds:
        result["call"] = simulated(faces, False, arguments.seconds, arguments.seed)
        result["room"] = simulated(faces, True, arguments.seconds, arguments.seed)
        result["reshuffled"] = reshuffled(faces, 40, arguments.seed)
    if arguments.detector_seconds:
        result["through_the_detector"] = through_the_detector(faces, arguments.detector_seconds, arguments.seed)
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("validation", "train"), default="validation")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--detector-seconds", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=0)
    print(json.dumps(measure(parser.parse_args()), indent=2))
