"""Which tiles of a frame are visited when."""

import numpy as np
import pytest

from detector_service.looks import Frame
from detector_service.tiles import NOTICED, TURN_S, Tiles, tiles

SMALLEST = 24


def frame(level=100, size=(720, 1280)):
    return Frame(np.full((*size, 3), level, np.uint8))


def restless(number):
    """Every tile changes a little from one of these to the next."""
    levels = np.random.default_rng(number).choice([100, 110], (18, 32, 1))
    return Frame(np.kron(levels, np.ones((40, 40, 3))).astype(np.uint8))


def due(visits, shown, at, cut=False):
    visits.see(shown)
    return visits.due(at, cut)


def test_the_whole_frame_comes_first_and_any_small_face_is_whole_in_a_tile():
    squares = tiles(1280, 720, SMALLEST)
    assert (squares[0].x, squares[0].y, squares[0].side) == (0, 0, 1280)
    random = np.random.default_rng(0)
    for side in (SMALLEST, 50, 150, 400):
        for x, y in random.uniform((0, 0), (1280 - side, 720 - side), (200, 2)):
            assert any(
                s.x <= x and s.y <= y and x + side <= s.x + s.side and y + side <= s.y + s.side
                for s in squares
                if side >= s.side * NOTICED * 0.999
            ), (side, x, y)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (640, 480), (480, 640), (4000, 3000)])
def test_frames_of_any_size_have_tiles(size):
    squares = tiles(*size, SMALLEST)
    assert squares[0].side == max(size) and len(squares) < 60


def test_all_are_visited_at_first_and_then_each_once_in_a_turn():
    visits = Tiles(SMALLEST)
    everything = due(visits, restless(0), 0.0)
    assert everything == tiles(1280, 720, SMALLEST)
    seen, most = [], 0
    for step in range(1, round(TURN_S * 30) + 1):
        visited = due(visits, restless(step), step / 30)
        seen += visited
        most = max(most, len(visited))
    assert set(seen) == set(everything) and len(seen) <= len(everything) + 1 and most <= 2


def test_what_stays_as_it_was_is_visited_seldom():
    visits = Tiles(SMALLEST)
    everything = due(visits, frame(), 0.0)
    assert not [tile for step in range(1, 90) for tile in due(visits, frame(), step / 30)]
    later = [tile for step in range(90, 120) for tile in due(visits, frame(), step / 30)]
    assert set(later) == set(everything)


def test_a_small_change_is_looked_at_within_a_turn():
    visits, picture = Tiles(SMALLEST), np.full((720, 1280, 3), 100, np.uint8)
    due(visits, Frame(picture), 0.0)
    picture[200:224, 300:324] = 140
    seen = [tile for step in range(1, round(TURN_S * 30) + 1) for tile in due(visits, Frame(picture), step / 30)]
    assert seen and all(tile.x < 364 and tile.x + tile.side > 260 for tile in seen)
    assert min(tile.side for tile in seen) == tiles(1280, 720, SMALLEST)[1].side


def test_a_frame_of_another_size_or_after_a_pause_is_visited_whole():
    visits = Tiles(SMALLEST)
    due(visits, frame(), 0.0)
    assert due(visits, frame(size=(480, 640)), 0.03) == tiles(640, 480, SMALLEST)
    assert due(visits, frame(size=(480, 640)), 0.03 + 5 * TURN_S) == tiles(640, 480, SMALLEST)


def test_tiles_are_visited_at_once_where_the_picture_changes():
    visits = Tiles(SMALLEST)
    due(visits, frame(), 0.0)
    changed = np.full((720, 1280, 3), 100, np.uint8)
    changed[:240, :240] = 200
    visited = due(visits, Frame(changed), 0.03)
    assert visited and all(square.x < 240 and square.y < 240 for square in visited)


def test_after_a_cut_all_are_visited_and_light_alone_is_no_change():
    visits = Tiles(SMALLEST)
    due(visits, frame(), 0.0)
    assert due(visits, frame(160), 0.001) == []
    assert len(due(visits, other_picture(0), 0.002, cut=True)) > 0.8 * len(tiles(1280, 720, SMALLEST))


def test_a_camera_in_motion_makes_no_frame_wait_for_all_tiles():
    visits = Tiles(SMALLEST)
    everything = due(visits, other_picture(0), 0.0)
    visited = [due(visits, other_picture(step), step / 30) for step in range(1, 13)]
    assert max(map(len, visited)) < len(everything) / 3
    assert {tile for each in visited[:6] for tile in each} == set(everything)


def other_picture(number):
    """Nothing in it is as in the one with another number."""
    levels = np.random.default_rng(number).integers(0, 256, (9, 16, 1))
    return Frame(np.kron(levels, np.ones((80, 80, 3))).astype(np.uint8))
