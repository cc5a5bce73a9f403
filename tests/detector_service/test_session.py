"""A stream's answers: seats, smoothing, the group and what its views hide."""

import json
from dataclasses import replace

import numpy as np
import pytest

from detector_service.hello import Hello, read_hello
from detector_service.session import Clock, Session
from moodstream.adapt import Adaptation
from moodstream.types import EXPRESSIONS, Face, FrameReading, Reading
from tests.detector_service.test_seats import person, row

HAPPY = (0.02, 0.02, 0.02, 0.84, 0.02, 0.04, 0.04)
LESS_HAPPY = (0.02, 0.02, 0.02, 0.70, 0.16, 0.04, 0.04)
SAD = (0.02, 0.02, 0.02, 0.04, 0.84, 0.02, 0.04)
TORN = (0.2, 0.1, 0.1, 0.2, 0.2, 0.1, 0.1)


def answer(stamp, *faces, status="ok", size=(640, 480), boxes=None):
    """An answer as the service gives it; a face is (person, probabilities)."""
    boxes = boxes or row(len(faces))
    readings = []
    for box, (who, raw) in zip(boxes, faces, strict=True):
        reading = Reading(Face(box, 0.9, ((1.0, 2.0),) * 6), embedding=(0.5, 1.5), crop=person(who).tobytes())
        readings.append(reading.read(raw, 0.45) if raw else reading)
    return FrameReading(1, stamp, status, None, *size, "d", "m", 0.45, None, tuple(readings))


def session(individual=True, group_min=5, **hello):
    made = Session(individual, group_min)
    made.agree(Hello(v=1, **hello))
    return made


def test_seats_hold_and_probabilities_are_smoothed_beside_the_raw_ones():
    stream = session(smoothing=1.0)
    (first,) = stream.settle(answer(1000, (0, HAPPY))).readings
    (second,) = stream.settle(answer(1100, (0, LESS_HAPPY))).readings
    assert first.face.seat == second.face.seat is not None
    assert (second.label, second.raw) == ("happy", LESS_HAPPY)
    assert second.probabilities[3] == pytest.approx(0.84 - 0.14 * 0.0952, abs=1e-3)


@pytest.mark.parametrize("stamps", [[0, 0, 0], [9000, 5, 6], [0, 10**18, 3]])
def test_stamps_that_do_not_advance_are_survived(stamps):
    clock = Clock()
    times = [clock.advance(stamp) for stamp in stamps]
    assert times[0] < times[1] < times[2]


def test_a_face_found_but_not_read_keeps_its_seat_and_its_average():
    stream = session(smoothing=5.0)
    (first,) = stream.settle(answer(0, (0, HAPPY))).readings
    (late,) = stream.settle(answer(100, (0, None), status="stale")).readings
    assert (late.face.seat, late.label, late.probabilities) == (first.face.seat, None, None)
    (again,) = stream.settle(answer(200, (0, LESS_HAPPY))).readings
    assert again.face.seat == first.face.seat
    assert again.probabilities[3] == pytest.approx(0.84 - 0.14 * 0.0392, abs=1e-3)


def test_an_answer_without_a_search_changes_nothing():
    stream = session()
    (first,) = stream.settle(answer(0, (0, HAPPY))).readings
    assert stream.settle(FrameReading(2, 5_000_000, "stale")).group is None
    assert stream.settle(answer(100, (0, HAPPY))).readings[0].face.seat == first.face.seat


def test_the_group_sums_up_two_seconds():
    stream = session(group_min=3)
    four = [(0, HAPPY), (1, HAPPY), (2, SAD), (3, TORN)]
    group = stream.settle(answer(0, *four)).group
    assert (group["faces"], group["min"]) == (4, 3)
    assert {k: v for k, v in group["shares"].items() if v} == {"happy": 0.5, "sad": 0.25, "unsure": 0.25}
    assert list(group["shares"]) == [*EXPRESSIONS, "unsure"]
    assert sum(group["shares"].values()) == pytest.approx(1)
    assert stream.settle(answer(1900, *four[:2])).group["faces"] == 4
    assert stream.settle(answer(2100, *four[:2])).group == {"faces": 2, "min": 3, "shares": None}
    assert stream.settle(answer(5000)).group == {"faces": 0, "min": 3, "shares": None}


def test_the_group_does_not_count_a_reshuffled_call_twice():
    stream = session(group_min=2)
    stream.settle(answer(0, (0, HAPPY), (1, SAD), (2, SAD)))
    assert stream.settle(answer(100, (2, SAD), (0, HAPPY), (1, SAD))).group["faces"] == 3


@pytest.mark.parametrize(("individual", "view"), [(True, "group"), (False, "individual")])
def test_in_group_view_nothing_single_leaves(individual, view):
    stream = session(individual=individual, group_min=2, view=view, embeddings=True)
    assert not stream.needs_embeddings
    data = stream.settle(answer(0, (0, HAPPY), (1, SAD))).to_json()
    assert data["view"] == "group"
    assert data["group"]["shares"]["happy"] == 0.5
    for face in data["faces"]:
        assert face.pop("box") and face.pop("score")
        assert set(face) == {"keypoints", "seat", "label", "probabilities", "raw"}
        assert set(face.values()) == {None}
    late = stream.settle(answer(100, (0, None), (1, None), status="stale")).to_json()
    assert (late["view"], late["faces"][0]["seat"]) == ("group", None)
    assert stream.settle(FrameReading(status="error")).view == "group"


def test_embeddings_leave_only_when_asked_for():
    assert "embedding" not in session().settle(answer(0, (0, HAPPY))).to_json()["faces"][0]
    stream = session(embeddings=True)
    assert stream.needs_embeddings
    assert stream.settle(answer(0, (0, HAPPY))).to_json()["faces"][0]["embedding"] == [0.5, 1.5]


def test_a_stream_is_resumed_elsewhere_from_the_last_answer_as_it_came():
    one = session(smoothing=10.0)
    one.settle(answer(0, (0, HAPPY), (1, SAD)))
    last = one.settle(answer(100, (0, HAPPY), (1, SAD))).to_json()
    other = Session(True, 5)
    other.agree(read_hello(json.dumps({"v": 1, "smoothing": 10.0, "resume": last})))
    now = other.settle(answer(130, (0, SAD), (1, HAPPY), (2, SAD)))
    assert [r.face.seat for r in now.readings][:2] == [face["seat"] for face in last["faces"]]
    assert [r.label for r in now.readings] == ["happy", "sad", "sad"]


def test_a_group_stream_is_resumed_too():
    one = session(view="group")
    last = one.settle(answer(0, *((i, HAPPY) for i in range(5)))).to_json()
    other = Session(True, 5)
    other.agree(read_hello(json.dumps({"v": 1, "view": "group", "resume": last})))
    group = other.settle(answer(100, *((i, HAPPY) for i in range(5)))).group
    assert (group["faces"], group["shares"]["happy"]) == (5, 1.0)


def test_seats_survive_another_hello():
    stream = session()
    (first,) = stream.settle(answer(0, (0, HAPPY))).readings
    stream.agree(Hello(v=1, view="group"))
    stream.settle(answer(100, (0, HAPPY)))
    stream.agree(Hello(v=1, smoothing=3))
    assert stream.settle(answer(200, (0, HAPPY))).readings[0].face.seat == first.face.seat


def test_crops_never_reach_the_answer():
    reading = session().settle(answer(0, (0, HAPPY))).readings[0]
    assert np.frombuffer(reading.crop, np.uint8).size == 48 * 48
    assert "crop" not in reading.to_json()


def test_an_adaptation_is_applied_before_smoothing_and_told_in_both_views():
    weights = np.zeros((8, 11))
    weights[7, 8] = 20.0  # whatever the model says, the first feature decides
    adaptation = Adaptation("m", ("confused",), weights)
    faces = [replace(r, embedding=(*(-2.0,) * 8, 0.5, 1.0)) for r in answer(0, (0, HAPPY), (1, HAPPY)).readings]
    read = replace(answer(0, (0, HAPPY), (1, HAPPY)), readings=tuple(faces))

    stream = session(adaptation=adaptation)
    assert stream.needs_embeddings
    told = stream.settle(read).to_json()["faces"][0]
    assert (told["label"], list(told["raw"])[-1]) == ("confused", "confused")
    assert "embedding" not in told
    assert session(view="group", group_min=2, adaptation=adaptation).settle(read).group["shares"]["confused"] == 1

    refused = stream.settle(replace(read, model="another", captured_ms=100))
    assert (refused.error.code, refused.readings[0].label) == ("other_model", None)
    assert refused.readings[0].face.seat == told["seat"]
