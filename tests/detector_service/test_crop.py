"""Crops are framed as the training pictures are, also at the frame's border."""

import numpy as np
import pytest

from detector_service.crop import MEDIAPIPE, Framing, crop
from moodstream.types import Face


def test_the_box_of_a_training_picture_gives_that_picture_back():
    picture = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    frame = np.full((480, 480), 128, np.uint8)
    frame[120:360, 120:360] = picture.repeat(5, 0).repeat(5, 1)
    side = 240 * MEDIAPIPE.width
    x = 240 - side / 2
    face = Face((x, x + 240 * MEDIAPIPE.below, side, side), 1.0)
    assert (crop(frame, face) == picture).all()


@pytest.mark.parametrize(
    "box",
    [(-50, -50, 100, 100), (600, 440, 80, 80), (0, 0, 640, 480), (10, 10, 1, 1), (900, 900, 50, 50), (-500, 0, 20, 20)],
)
def test_any_box_gives_a_crop(box):
    frame = np.full((480, 640), 200, np.uint8)
    small = crop(frame, Face(box, 1.0))
    assert small.shape == (48, 48) and small.dtype == np.uint8
    assert (small == 200).all()  # the border is repeated, not filled with black


def test_a_one_pixel_frame_gives_a_crop():
    assert (crop(np.full((1, 1), 7, np.uint8), Face((0, 0, 1, 1), 1.0)) == 7).all()


def test_each_detector_has_its_framing():
    frame = np.zeros((100, 100), np.uint8)
    frame[26:74, 26:74] = 255
    assert (crop(frame, Face((26, 26, 48, 48), 1.0), Framing(1.0, 0.0)) == 255).all()
