"""Boxes that overlap, and what counts as the same face."""

import numpy as np

from detector_service.boxes import overlaps, without_doubles
from moodstream.types import Face


def face(x, y, side, score):
    return Face(box=(x, y, side, side), score=score)


def test_overlap_of_each_with_each():
    table = overlaps([(0, 0, 10, 10), (0, 0, 0, 0)], [(0, 0, 10, 10), (5, 0, 10, 10), (20, 20, 5, 5)])
    assert np.allclose(table, [[1, 1 / 3, 0], [0, 0, 0]])
    assert overlaps([], [(0, 0, 1, 1)]).shape == (0, 1)


def test_the_surest_of_doubles_stays():
    one, again, other = face(0, 0, 40, 0.7), face(4, 4, 40, 0.9), face(100, 0, 40, 0.8)
    assert without_doubles([one, again, other]) == [again, other]


def test_a_known_face_takes_precedence_over_a_surer_one():
    known, found = face(0, 0, 40, 0.1), face(4, 4, 40, 0.9)
    assert without_doubles([found], [known]) == []


def test_a_part_of_a_face_is_a_double_unless_parts_are_asked_for():
    whole, part = face(0, 0, 100, 0.9), face(30, 30, 30, 0.6)
    assert without_doubles([whole, part]) == [whole]
    assert without_doubles([whole, part], parts=True) == [whole, part]
    assert without_doubles([part], [whole], parts=True) == []
