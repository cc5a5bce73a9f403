"""Labels where there is no face: ``python -m bench.faceless`` counts the finds in pictures that show none, as JSON.

Animals, things, textures, printed text, drawn rooms and noise, each at several sizes. The pictures come with
scikit-image, with scikit-learn and Gradio where those are installed, and from a seed. Those that the detector's
thresholds were chosen on, and the check for faces was taught on, are counted apart; ``--write FOLDER`` writes these,
and the others beside them, as ``model_export.face_check`` takes them.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.grid import Gallery
from bench.people import drawn
from detector_service.detectors import make_detector
from detector_service.finder import Finder
from moodstream.hardware import hardware
from moodstream.settings import settings

Picture = NDArray[np.uint8]

#: Pictures of the packages that show no face. Left out: astronaut, camera and Grace Hopper show people, ``coins`` heads
#: of emperors, ``groot`` and ``logo`` drawn faces.
FILES = {
    "skimage": (
        "data/brick.png data/cell.png data/chelsea.png data/clock_motion.png data/coffee.png data/color.png "
        "data/grass.png data/gravel.png data/horse.png data/hubble_deep_field.jpg data/ihc.png data/moon.png "
        "data/motorcycle_left.png data/motorcycle_right.png data/page.png data/phantom.png data/retina.jpg "
        "data/rocket.jpg data/text.png data/microaneurysms.png"
    ),
    "sklearn": "datasets/images/china.jpg datasets/images/flower.jpg",
    "gradio": (
        "media_assets/images/cheetah.jpg media_assets/images/cheetah1.jpg media_assets/images/tower.jpg "
        "media_assets/images/lion.jpg test_data/cheetah2.jpg"
    ),
}
#: Widths at which each picture is shown, besides its own.
WIDTHS = (320, 640, 1280, 1920)
#: Every second picture served to choose thresholds and to teach what is no face, the others did not.
PARTS = ("chosen on", "held out")


def pictures() -> Iterator[tuple[str, Picture]]:
    """Name and pixels of every picture, BGR."""
    for package, files in FILES.items():
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            continue
        for file in files.split():
            picture = cv2.imread(str(Path(found.origin).parent / file))
            if picture is not None:
                yield f"{package}/{Path(file).stem}", picture
    yield "skimage/lfw_subset, the patches without face", _patches()
    for seed in range(8):
        yield from _made(seed)


def _patches() -> Picture:
    """100 small patches of the Labeled Faces in the Wild that show no face, side by side, as large as faces are."""
    found = importlib.util.find_spec("skimage")
    assert found is not None and found.origin is not None
    patches = np.load(Path(found.origin).parent / "data/lfw_subset.npy")[100:]
    patches = (255 * patches / patches.max()).astype(np.uint8)
    rows = [np.hstack([cv2.resize(patch, (72, 72)) for patch in patches[i : i + 10]]) for i in range(0, 100, 10)]
    return np.asarray(cv2.cvtColor(np.vstack(rows), cv2.COLOR_GRAY2BGR), np.uint8)


def _made(seed: int) -> Iterator[tuple[str, Picture]]:
    random = np.random.default_rng(seed)
    shape = (720, 1280, 3)
    yield f"white noise {seed}", random.integers(0, 256, shape, np.uint8)
    clouds = sum(
        cv2.resize(random.normal(0, 1, (9 * 2**k, 16 * 2**k, 3)), shape[1::-1], interpolation=cv2.INTER_CUBIC) / 1.6**k
        for k in range(6)
    )
    clouds = np.clip(128 + 40 * clouds, 0, 255).astype(np.uint8)
    yield f"clouds {seed}", clouds
    dark = np.clip(random.normal(12, 9, shape), 0, 255).astype(np.uint8)
    yield f"dark noise {seed}", dark
    folds = np.cumsum(random.normal(0, 1, 1280))
    curtain = np.clip(128 + 60 * np.sin(folds * 0.3)[None, :, None] * np.linspace(0.6, 1, 720)[:, None, None], 0, 255)
    yield f"curtain {seed}", np.repeat(curtain, 3, axis=2).astype(np.uint8)
    blank = [drawn(np.full((48, 48), 128, np.uint8), random) for _ in range(25)]
    everyone = range(25)
    yield f"cameras off {seed}", Gallery(blank, (1280, 720), seed).frame(hidden=everyone)[0]
    yield f"heads without faces {seed}", Gallery(blank, (1280, 720), seed).frame()[0]
    walls = [p.wall for p in blank[:9]]
    yield f"rooms {seed}", np.vstack([np.hstack(walls[i : i + 3]) for i in (0, 3, 6)])


def sizes(picture: Picture) -> Iterator[Picture]:
    """The picture as it is and at each of WIDTHS."""
    yield picture
    for width in WIDTHS:
        height = round(picture.shape[0] * width / picture.shape[1])
        method = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_CUBIC
        yield np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


def measure(name: str) -> dict[str, object]:
    """Search every picture once with the named detector and count what is found."""
    options = settings().model_copy(update={"detector": name})
    detector = make_detector(options)
    parts = {part: {"pictures": 0, "searched": 0, "finds": 0, "found in": {}} for part in PARTS}
    for number, (title, picture) in enumerate(pictures()):
        part = parts[PARTS[number % len(PARTS)]]
        part["pictures"] += 1
        for view in sizes(picture):
            faces = Finder().find(view, detector)
            part["searched"] += 1
            part["finds"] += len(faces)
            for face in faces:
                part["found in"].setdefault(title, []).append([view.shape[1], round(face.box[2]), round(face.score, 2)])
    detector.close()
    return {"detector": detector.name, **parts}


def write(folder: Path) -> None:
    """All pictures as PNG, in one folder for each part."""
    for number, (title, picture) in enumerate(pictures()):
        part = folder / PARTS[number % len(PARTS)]
        part.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(part / f"{number:03d} {title.replace('/', ' ')}.png"), picture)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", choices=("mediapipe", "haar"), default="mediapipe")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the pictures instead of searching them")
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write)
    else:
        print(json.dumps({**measure(arguments.detector), "hardware": hardware()}, indent=1))
