"""The check that ships."""

import cv2
import numpy as np

from detector_service.crop import Framing, crop
from detector_service.face_check import face_odds
from moodstream.types import Face


def test_it_knows_a_face_from_what_is_none(astronaut):
    from skimage import data

    portrait = cv2.imdecode(np.frombuffer(astronaut, np.uint8), cv2.IMREAD_GRAYSCALE)
    face = crop(portrait, Face(box=(174.0, 75.0, 100.0, 100.0), score=1.0))
    noise = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    flat = np.full((48, 48), 90, np.uint8)
    moon = crop(data.moon(), Face(box=(300.0, 100.0, 120.0, 120.0), score=1.0), Framing(1.0, 0.0))
    odds = face_odds(np.stack([face, face[:, ::-1], face // 3, noise, flat, moon]))
    assert (odds[:3] > 4).all() and (odds[3:] < 0).all(), odds


def test_no_crops_give_no_odds():
    assert face_odds(np.zeros((0, 48, 48), np.uint8)).shape == (0,)
