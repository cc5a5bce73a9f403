"""People to put in front of a detector: drawn around FER-2013's faces, one astronaut in many guises, or a folder's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.data import astronaut

from model_export.data import NOT_A_FACE, Split, data_folder

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]

#: Canvas on which a portrait is drawn, pixels; a portrait of any other size is scaled to cover it.
CANVAS = (640, 360)
#: Side of a FER-2013 picture on the canvas: a person at a laptop fills half of the tile's height.
PASTED = 176
#: A face's box in such a picture: its side, and how far its middle lies below the picture's.
BOX_SIDE, BOX_BELOW = 0.865, 0.093
#: A picture of the validation split that shows two people, found by looking at all that the default galleries draw: on
#: one head it has no right answer.
SEVERAL_PEOPLE = 1440


@dataclass(frozen=True)
class Portrait:
    """A person in front of a wall: ``figure`` BGRA over ``wall`` BGR, both CANVAS; ``face`` its box, if known."""

    figure: Picture
    wall: Picture
    face: Box | None


def drawn(picture: NDArray[np.uint8], random: np.random.Generator) -> Portrait:
    """A person drawn around a gray 48x48 picture that shows nothing but a face, tinted like skin."""
    wide, high = CANVAS
    x, y = wide / 2 + random.uniform(-60, 60), high * 0.43 + random.uniform(-15, 15)
    skin, hair, cloth = (random.uniform(low, top, 3) for low, top in ((0.75, 1.1), (10, 110), (20, 230)))
    skin = np.sort(skin) * (0.8, 0.95, 1.1)  # more red than blue
    rim = np.median(np.concatenate([picture[:, 0], picture[:, -1], picture[-1]]))
    face = np.full((high, wide, 4), 0.0, np.float32)

    def fill(shape: str, centre: tuple[float, float], axes: tuple[float, float], colour: NDArray[np.float64]) -> None:
        middle, half = (round(centre[0]), round(centre[1])), (round(axes[0]), round(axes[1]))
        bgra = (*map(float, np.clip(colour, 0, 255)), 255.0)
        if shape == "ellipse":
            cv2.ellipse(face, middle, half, 0, 0, 360, bgra, -1, cv2.LINE_AA)
        else:
            corner = (middle[0] - half[0], middle[1] - half[1])
            cv2.rectangle(face, corner, (middle[0] + half[0], middle[1] + half[1]), bgra, -1)

    side = PASTED
    fill("ellipse", (x, y - side * 0.12), (side * 0.5, side * 0.6), hair)
    fill("ellipse", (x, y + side * 1.25), (side * 1.05, side * 0.62), cloth)
    fill("box", (x, y + side * 0.55), (side * 0.2, side * 0.2), skin * rim * 0.85)
    fill("ellipse", (x, y + side * 0.02), (side * 0.45, side * 0.58), skin * rim)
    large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    left, top = round(x - side / 2), round(y - side / 2)
    mask = np.zeros((side, side), np.float32)
    cv2.ellipse(mask, (side // 2, side // 2), (round(side * 0.43), round(side * 0.47)), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), side * 0.03)[..., None]
    under = face[top : top + side, left : left + side]
    under[..., :3] += mask * (large[..., None] * skin.astype(np.float32) - under[..., :3])
    under[..., 3:] = np.maximum(under[..., 3:], 255 * mask)
    behind = wall(random)
    box = (x - side * BOX_SIDE / 2, y + side * (BOX_BELOW - BOX_SIDE / 2), side * BOX_SIDE, side * BOX_SIDE)
    return Portrait(np.clip(face, 0, 255).astype(np.uint8), behind, box)


def from_fer(n: int, random: np.random.Generator) -> list[Portrait]:
    """People drawn around pictures of FER-2013's validation split that every tagger took for a face.

    Raises:
        FileNotFoundError: the split has not been prepared.
    """
    split = Split.load(data_folder() / "validation.npz")
    sure = np.arange(len(split)) if split.votes is None else np.flatnonzero(split.votes[:, NOT_A_FACE] == 0)
    sure = np.setdiff1d(sure, SEVERAL_PEOPLE)
    return [drawn(split.images[i], random) for i in random.choice(sure, n, replace=False)]


def astronauts(n: int, random: np.random.Generator) -> list[Portrait]:
    """scikit-image's public-domain portrait ``n`` times, each with another colour, contrast, size, roll and side."""
    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    made = []
    for _ in range(n):
        hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.float32)
        hsv[..., 0] = (hsv[..., 0] + random.uniform(-12, 12)) % 180
        hsv[..., 1] *= random.uniform(0.4, 1.2)
        colour = cv2.cvtColor(np.clip(hsv, 0, (179, 255, 255)).astype(np.uint8), cv2.COLOR_HSV2BGR)
        colour = (255 * (colour / 255.0) ** random.uniform(0.7, 1.5)).astype(np.uint8)
        scale = random.uniform(1.3, 1.9)  # the face is 100 pixels wide in the picture
        turn = cv2.getRotationMatrix2D((224.0, 122.0), random.uniform(-10, 10), scale)
        turn[:, 2] += (CANVAS[0] / 2 - 224 + random.uniform(-50, 50), CANVAS[1] * 0.45 - 122)
        turn[0] *= (stretch := random.uniform(0.92, 1.08))
        turn[0, 2] += CANVAS[0] / 2 * (1 - stretch)
        figure = cv2.warpAffine(colour, turn, CANVAS, borderMode=cv2.BORDER_REFLECT_101)
        x, y = turn @ (224.0, 122.0, 1.0)
        side = 100 * scale
        if random.random() < 0.5:
            figure, x = cv2.flip(figure, 1), CANVAS[0] - 1 - x
        made.append(_opaque(figure, (x - side / 2, y - side / 2, side, side)))
    return made


def photographs(folder: Path) -> list[Portrait]:
    """All pictures of a folder, each of one person whose face may be anywhere in it."""
    read = (cv2.imread(str(file)) for file in sorted(folder.iterdir()))
    made = []
    for picture in read:
        if picture is None:
            continue
        height, width = picture.shape[:2]
        scale = max(CANVAS[0] / width, CANVAS[1] / height)
        cover = np.array([[scale, 0, (CANVAS[0] - scale * width) / 2], [0, scale, 0]])
        made.append(_opaque(cv2.warpAffine(picture, cover, CANVAS, flags=cv2.INTER_AREA), None))
    if not made:
        raise FileNotFoundError(f"{folder} holds no picture that can be read")
    return made


def wall(random: np.random.Generator) -> Picture:
    """A room's wall: light from one side, and sometimes a window, pictures or a shelf."""
    wide, high = CANVAS
    light = np.linspace(random.uniform(0.6, 1), random.uniform(0.6, 1), wide)[None, :, None]
    wall = np.ascontiguousarray(np.broadcast_to(light * random.uniform(60, 220, 3), (high, wide, 3)))
    for _ in range(random.integers(0, 9)):
        corner = random.uniform(0, (wide, high))
        extent = random.uniform((15, 20), (120, 140))
        ends = [tuple(int(v) for v in point) for point in (corner, corner + extent)]
        cv2.rectangle(wall, ends[0], ends[1], tuple(random.uniform(20, 235, 3)), -1)
    return wall.astype(np.uint8)


def _opaque(picture: Picture, face: Box | None) -> Portrait:
    bgra = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    return Portrait(np.asarray(bgra, np.uint8), picture, face)
