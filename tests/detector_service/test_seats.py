"""Seats hold while a face stays and moves, and are new where other content appears."""

import cv2
import numpy as np
import pytest

from detector_service.seats import HOLD_S, Seats

SIZE = (640, 480)


def person(seed, cells=7):
    """A crop unlike those of other seeds, with finer features the more cells there are."""
    coarse = np.random.default_rng(seed).integers(0, 255, (cells, cells), np.uint8)
    return cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_CUBIC)


def noisy(crop, seed=0, gain=1.0):
    rng = np.random.default_rng(seed)
    return np.clip(np.roll(crop, 2, 1) * gain + rng.normal(0, 6, crop.shape), 0, 255).astype(np.uint8)


def row(n, shift=0.0, size=60.0):
    return [(40.0 + 100 * i + shift, 100.0, size, size) for i in range(n)]


def crops(*people):
    return np.stack([person(p) for p in people]) if people else np.zeros((0, 48, 48), np.uint8)


def test_seats_hold_through_movement_noise_and_light():
    seats = Seats()
    first = seats.assign(row(4), crops(0, 1, 2, 3), SIZE, 0.0)
    assert len(set(first)) == 4
    for step in range(1, 20):
        faces = np.stack([noisy(person(p), step, 0.7) for p in range(4)])
        assert seats.assign(row(4, 12.0 * step), faces, SIZE, step / 10) == first


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1.3), (0, 0.75), (14, 1.0), (-12, 1.0)])
def test_a_seat_holds_when_the_detector_frames_the_face_anew(degrees, scale):
    """A box that is smaller by the scale shows the face larger by it."""
    seats = Seats()
    fine = [person(p, 11) for p in range(4)]
    before = seats.assign(row(4), np.stack(fine), SIZE, 0.0)
    turn = cv2.getRotationMatrix2D((23.5, 23.5), degrees, scale)
    crops = [cv2.warpAffine(crop, turn, (48, 48), borderMode=cv2.BORDER_REPLICATE) for crop in fine]
    boxes = [(x + w / 2 - w / scale / 2, y + h / 2 - h / scale / 2, w / scale, h / scale) for x, y, w, h in row(4)]
    assert seats.assign(boxes, np.stack(crops), SIZE, 0.1) == before


def test_two_seats_of_one_face_do_not_take_turns():
    seats, places = Seats(), row(1)
    a, b = (cv2.addWeighted(person(p), 0.6, person(7), 0.4, 0) for p in (0, 1))
    more_of_a = cv2.addWeighted(a, 0.55, b, 0.45, 0)
    (first,) = seats.assign(places, a[None], SIZE, 0.0)
    (second,) = seats.assign(places, b[None], SIZE, 0.1)
    assert first != second
    assert seats.assign(places, more_of_a[None], SIZE, 0.2) == [second]
    assert seats.assign(places, more_of_a[None], SIZE, 0.3) == [second]


def test_the_order_of_the_finds_does_not_matter():
    seats = Seats()
    a, b, c = seats.assign(row(3), crops(0, 1, 2), SIZE, 0.0)
    assert seats.assign(row(3)[::-1], crops(2, 1, 0), SIZE, 0.1) == [c, b, a]


def test_a_hidden_face_has_its_seat_again_within_the_hold_and_not_after():
    seats = Seats()
    a, b = seats.assign(row(2), crops(0, 1), SIZE, 0.0)
    assert seats.assign(row(1), crops(0), SIZE, 0.1) == [a]
    assert seats.assign(row(2, 20.0), crops(0, 1), SIZE, 2.05) == [a, b]
    late = seats.assign(row(2), crops(0, 1), SIZE, 2.06 + HOLD_S)
    assert not {a, b} & set(late)


def test_other_content_at_the_same_places_has_new_seats():
    seats = Seats()
    before = seats.assign(row(4), crops(0, 1, 2, 3), SIZE, 0.0)
    after = seats.assign(row(4), crops(3, 1, 0, 2), SIZE, 0.1)
    assert after[1] == before[1]
    assert not set(before) & {after[0], after[2], after[3]}
    # Those who are no longer anywhere are not counted with those who took their places.
    assert sorted(seats.seen_since(-1.0)) == sorted(after)


def test_two_who_pass_each_other_keep_their_seats():
    seats = Seats()
    a, b = seats.assign([(100.0, 100.0, 60.0, 60.0), (300.0, 100.0, 60.0, 60.0)], crops(0, 1), SIZE, 0.0)
    for step in range(1, 21):
        boxes = [(100.0 + 10 * step, 100.0, 60.0, 60.0), (300.0 - 10 * step, 100.0, 60.0, 60.0)]
        assert seats.assign(boxes, crops(0, 1), SIZE, step / 10) == [a, b]


def test_a_passer_by_does_not_take_the_seat_of_whom_it_hides():
    seats = Seats()
    (sitting,) = seats.assign(row(1), crops(0), SIZE, 0.0)
    (passing,) = seats.assign(row(1, 10.0), crops(9), SIZE, 0.1)
    assert passing != sitting
    assert seats.seen_since(-1.0) == [passing]
    assert seats.assign(row(1), crops(0), SIZE, 1.0) == [sitting]


def test_a_face_that_left_is_counted_until_the_time_is_over():
    seats = Seats()
    a, b = seats.assign(row(2), crops(0, 1), SIZE, 0.0)
    seats.assign(row(1), crops(0), SIZE, 1.5)
    assert sorted(seats.seen_since(-0.5)) == sorted([a, b])
    assert seats.seen_since(0.1) == [a]


def test_the_size_of_the_pictures_may_change():
    seats = Seats()
    before = seats.assign(row(4), crops(0, 1, 2, 3), SIZE, 0.0)
    half = [tuple(v / 2 for v in box) for box in row(4)]
    assert seats.assign(half, crops(0, 1, 2, 3), (320, 240), 0.1) == before


@pytest.mark.parametrize(("gap_s", "goes_on"), [(0.5, True), (8.0, True), (11.0, False)])
def test_resumed_seats_are_told_by_place_until_they_are_seen(gap_s, goes_on):
    seats = Seats()
    seats.resume([(11, row(2)[0]), (22, row(2)[1])], SIZE, 0.0)
    got = seats.assign(row(3, 5.0), crops(0, 1, 2), SIZE, gap_s)
    assert (got[:2] == [11, 22]) is goes_on
    assert got[2] not in (11, 22)
    assert seats.assign(row(3), crops(0, 7, 2), SIZE, gap_s + 0.1)[1] not in got


def test_numbers_are_random_and_apart():
    one, other = (Seats().assign(row(5), crops(0, 1, 2, 3, 4), SIZE, 0.0) for _ in range(2))
    assert not set(one) & set(other)
    assert sorted(one) != list(range(min(one), min(one) + 5))


def test_frames_without_faces_forget_in_time():
    seats = Seats()
    seats.assign(row(3), crops(0, 1, 2), SIZE, 0.0)
    assert seats.assign([], crops(), SIZE, 1.0) == []
    assert len(seats) == 3
    seats.assign([], crops(), SIZE, HOLD_S + 0.1)
    assert len(seats) == 0
