"""Squares of a frame as a detector is shown them, and boxes brought back to the frame."""

import numpy as np

from detector_service.looks import Frame, Square, look
from moodstream.types import Face


class Fixed:
    """Sees the same face in every look, and keeps what it was shown."""

    side = 128

    def __init__(self, *faces):
        self.faces, self.shown = list(faces), []

    def look(self, picture):
        self.shown.append(picture)
        return self.faces


EYES = ((20.0, 30.0), (40.0, 30.0), (30.0, 40.0), (30.0, 50.0), (12.0, 35.0), (48.0, 35.0))


def test_boxes_and_points_come_back_in_pixels_of_the_frame():
    frame = Frame(np.zeros((400, 600, 3), np.uint8))
    (faces,) = look(Fixed(Face(box=(32.0, 16.0, 64.0, 64.0), score=0.9, keypoints=EYES)), frame, [Square(100, 50, 256)])
    assert faces[0].box == (164.0, 82.0, 128.0, 128.0) and faces[0].keypoints[0] == (140.0, 110.0)


def test_a_mirrored_look_gives_the_same_box_with_left_and_right_as_in_the_frame():
    frame = Frame(np.zeros((128, 128, 3), np.uint8))
    seen = Face(box=(8.0, 20.0, 40.0, 40.0), score=0.9, keypoints=EYES)
    (faces,) = look(Fixed(seen), frame, [Square(0, 0, 128)], mirrored=True)
    assert faces[0].box == (80.0, 20.0, 40.0, 40.0)
    right_eye, left_eye, _, _, right_ear, left_ear = faces[0].keypoints
    assert right_eye == (88.0, 30.0) and left_eye == (108.0, 30.0) and right_ear[0] < left_ear[0]


def test_several_squares_share_a_look_and_faces_go_to_theirs():
    frame = Frame(np.zeros((600, 600, 3), np.uint8))
    detector = Fixed(Face(box=(70.0, 10.0, 40.0, 40.0), score=0.9), Face(box=(20.0, 20.0, 90.0, 90.0), score=0.8))
    squares = [Square(0, 0, 64), Square(200, 0, 64), Square(0, 200, 64)]
    assert [len(faces) for faces in look(detector, frame, squares, 2)] == [0, 1, 0]
    assert len(detector.shown) == 1
    (faces,) = look(detector, frame, squares[1:2], 2)
    assert faces == []  # it lies in a cell that shows nothing


def test_what_lies_outside_the_frame_is_black_and_scaling_keeps_places():
    image = np.full((300, 500, 3), 200, np.uint8)
    detector = Fixed()
    for square in (Square(-100, -100, 200), Square(450, 250, 100), Square(-500, 0, 100), Square(-64, -64, 1024)):
        look(detector, Frame(image), [square])
        inside = np.zeros((1, 1))
        size = square.side / 128
        xs, ys = (start + (np.arange(128) + 0.5) * size for start in (square.x, square.y))
        inside = ((ys > 0) & (ys < 300))[:, None] & ((xs > 0) & (xs < 500))[None, :]
        shown = detector.shown[-1][..., 0] > 100
        assert np.mean(shown != inside) < 0.03
