"""What is known of a stream's picture, with a detector that takes bright squares for faces."""

import cv2
import numpy as np
import pytest

from detector_service.crop import Framing
from detector_service.examine import examine
from detector_service.finder import MEMORY_S, Finder
from detector_service.looks import Frame
from detector_service.tiles import TURN_S
from moodstream.types import Face


class BrightSquares:
    """White squares look like faces; blue ones only at some sizes, so not in the second look of those for new faces."""

    name, framing, side, min_score = "bright", Framing(1.0, 0.0), 128, 0.65

    def __init__(self):
        self.looks, self.score = 0, 0.9

    def look(self, picture):
        self.looks += 1
        found = []
        for colour in ("white", "blue"):
            other = picture[..., 2] > 128
            shown = (picture[..., 0] > 128) & (other if colour == "white" else ~other)
            for x, y, w, h, _ in cv2.connectedComponentsWithStats(shown.astype(np.uint8))[2][1:].tolist():
                like = colour == "white" or not (25 < w < 30 or 45 < w < 65)
                if like and 128 / 14 < w < 100 and 0.7 < w / h < 1.4:
                    found.append(Face(box=(float(x), float(y), float(w), float(h)), score=self.score))
        return found

    def close(self):
        pass


def picture(*squares, colour=(230, 230, 230)):
    image = np.full((480, 640, 3), 40, np.uint8)
    for x, y, side in squares:
        image[y : y + side, x : x + side] = colour
    return image


def places(faces):
    return sorted((round(f.box[0], -1), round(f.box[1], -1)) for f in faces)


@pytest.fixture
def detector(monkeypatch):
    """The check takes bright squares for faces too."""
    monkeypatch.setattr("detector_service.examine.face_odds", lambda crops: np.full(len(crops), 5.0))
    return BrightSquares()


def test_near_and_far_faces_are_found_at_once(detector):
    squares = [(30, 30, 30), (300, 100, 60), (400, 240, 200)]
    assert places(Finder().find(picture(*squares), detector)) == [(30, 30), (300, 100), (400, 240)]


def test_what_looks_like_a_face_only_in_some_looks_is_none(detector):
    image = picture((300, 100, 60), colour=(230, 40, 40))
    chance = Face(box=(300.0, 100.0, 60.0, 60.0), score=0.99)
    assert examine(detector, Frame(image), [chance]) == [None]
    assert Finder().find(image, detector) == []


def test_what_the_check_denies_is_none(detector, monkeypatch):
    face, image = Face(box=(300.0, 100.0, 60.0, 60.0), score=0.9), picture((300, 100, 60))
    assert examine(detector, Frame(image), [face]) != [None]
    monkeypatch.setattr("detector_service.examine.face_odds", lambda crops: np.full(len(crops), -0.1))
    assert examine(detector, Frame(image), [face]) == [None]


def test_what_is_large_and_confirmed_needs_less_of_a_score(detector, monkeypatch):
    detector.score = 0.6
    small, large = (300, 100, 40), (40, 40, 160)
    image = picture(small, large)
    faces = [Face(box=(float(x), float(y), float(side), float(side)), score=0.6) for x, y, side in (small, large)]
    none, found = examine(detector, Frame(image), faces)
    assert none is None and found is not None and found.score >= detector.min_score
    monkeypatch.setattr("detector_service.examine.face_odds", lambda crops: np.full(len(crops), 0.1))
    assert examine(detector, Frame(image), faces) == [None, None]


def test_on_the_body_of_a_surer_face_the_whole_score_is_needed(detector):
    detector.score = 0.6
    chest = Face(box=(250.0, 250.0, 120.0, 120.0), score=0.6)
    image = picture((250, 250, 120))
    above, beside = (Face(box=(x, y, 80.0, 80.0), score=0.9) for x, y in ((230.0, 100.0), (20.0, 240.0)))
    assert examine(detector, Frame(image), [chest]) != [None]
    assert examine(detector, Frame(image), [chest], [beside]) != [None]
    assert examine(detector, Frame(image), [chest], [above]) == [None]
    detector.score = 0.9
    assert examine(detector, Frame(image), [chest], [above]) != [None]


def test_many_are_examined_as_one_is(detector):
    faces = [Face(box=(40.0 + 90 * i, 100.0, 50.0, 50.0), score=0.4) for i in range(6)]
    image = picture(*((40 + 90 * i, 100, 50) for i in range(6) if i != 2))
    image[100:150, 220:270] = (230, 40, 40)
    stood = examine(detector, Frame(image), faces)
    assert [face is not None for face in stood] == [True, True, False, True, True, True]
    assert examine(detector, Frame(image), []) == []


def test_a_steady_picture_costs_little(detector):
    finder, image = Finder(), picture(*((20 + 90 * (i % 7), 20 + 110 * (i // 7), 50) for i in range(28)))
    assert len(finder.find(image, detector, 0.0)) == 28
    first, detector.looks = detector.looks, 0
    for step in range(1, 31):
        assert len(finder.find(image, detector, step / 30)) == 28
    assert detector.looks / 30 < first / 5


def test_a_moving_face_is_followed(detector):
    finder = Finder()
    for step in range(60):
        x = 50 + 6 * step
        (face,) = finder.find(picture((x, 200, 60)), detector, step / 30)
        assert abs(face.box[0] - x) < 12 and abs(face.box[1] - 200) < 12


def test_a_new_face_is_seen_within_a_second_and_a_cut_at_once(detector):
    finder = Finder()
    finder.find(picture((40, 40, 50)), detector, 0.0)
    for step in range(1, 12 + round(TURN_S * 30)):
        # It fades in so slowly that no two frames differ much.
        image = picture((40, 40, 50))
        image[300:330, 500:530] = min(40 + 10 * step, 160)
        faces = finder.find(image, detector, step / 30)
    assert len(faces) == 2
    elsewhere = np.random.default_rng(0).integers(0, 110, (12, 16, 1)).astype(np.uint8)
    elsewhere = np.kron(elsewhere, np.ones((40, 40, 3), np.uint8))
    for i in range(6):
        elsewhere[300:360, 20 + 90 * i : 80 + 90 * i] = 230
    assert len(finder.find(elsewhere, detector, (step + 1) / 30)) == 6


def test_a_face_that_went_is_gone_at_once_and_back_where_it_was(detector):
    finder = Finder()
    finder.find(picture((300, 200, 60)), detector, 0.0)
    assert finder.find(picture(), detector, 0.3) == []
    assert len(finder.find(picture((304, 200, 60)), detector, 0.33)) == 1
    assert finder.find(picture(), detector, 0.33 + 2 * MEMORY_S) == []


def test_times_that_stand_still_or_run_back_count_as_the_next_frame(detector):
    finder, image = Finder(), picture((300, 200, 60))
    for at in (5.0, 5.0, 4.0, float(2**40), 3.0):
        assert len(finder.find(image, detector, at)) == 1


def test_smaller_than_the_smallest_is_not_taken(detector):
    image = picture((100, 100, 40))
    assert len(Finder(smallest=24).find(image, detector)) == 1
    assert Finder(smallest=60).find(image, detector) == []


def test_a_pause_between_frames_does_not_begin_anew(detector):
    finder, image = Finder(), picture(*((20 + 90 * (i % 7), 20 + 110 * (i // 7), 50) for i in range(28)))
    finder.find(image, detector, 0.0)
    first, detector.looks = detector.looks, 0
    assert len(finder.find(image, detector, 3 * MEMORY_S)) == 28
    assert detector.looks < 0.7 * first
    image[300:330, 560:590] = 230
    assert len(finder.find(picture((560, 300, 30)), detector, 9 * MEMORY_S)) == 1


def bars(x, y, odd=2):
    """A striped square, which the check knows for what it is."""
    image = np.random.default_rng(1).integers(20, 60, (480, 640, 3)).astype(np.uint8)
    image[y : y + 80, x : x + 80] = 230
    image[y + 20 : y + 80 : 10 * odd, x + 10 : x + 70] = 180
    image[y + 30 : y + 40, x + 10 * odd : x + 30 * odd // 2] = 150
    return image


def test_what_was_rejected_is_known_again_where_it_moves(detector, monkeypatch):
    finder, examined = Finder(), []
    monkeypatch.setattr("detector_service.examine.face_odds", lambda crops: np.full(len(crops), -5.0))
    real = examine
    monkeypatch.setattr(
        "detector_service.finder.examine", lambda d, f, faces, known: examined.extend(faces) or real(d, f, faces, known)
    )
    for step in range(12):
        assert finder.find(bars(200 + 10 * step, 200), detector, step / 10) == []
    assert 1 <= len(examined) <= 4  # in more than one tile it is framed otherwise
    before = len(examined)
    assert finder.find(bars(310, 200, odd=5)[::-1].copy(), detector, 1.3) == []
    assert len(examined) > before


def test_many_new_faces_are_examined_over_several_frames_while_others_are_shown(detector):
    first = [(20 + 90 * i, 20, 50) for i in range(7)]
    more = [(20 + 90 * i, 220, 50) for i in range(7)]
    finder = Finder()
    assert len(finder.find(picture(*first), detector, 0.0)) == 7
    seen = [len(finder.find(picture(*first, *more), detector, step / 30)) for step in range(1, 16)]
    assert seen[0] < 14 and seen[-1] == 14 and seen == sorted(seen)


def test_a_look_is_filled_with_faces_whose_turn_is_next(detector):
    finder, places = Finder(), [(20 + 60 * (i % 10), 20 + 60 * (i // 10), 40) for i in range(20)]
    for step in range(90):  # they come one by one, so each has its turn in another frame
        finder.find(picture(*places[: step // 3 + 1]), detector, step / 30)
    image, detector.looks = picture(*places), 0
    for step in range(90, 150):
        assert len(finder.find(image, detector, step / 30)) == 20
    assert detector.looks < 40  # it takes 52 to show each face alone with those whose turn it is
