"""Probabilities are averaged over time, labels change for a reason, and never below the threshold."""

import itertools

import numpy as np
import pytest

from detector_service.smooth import MARGIN, Smoothed, Smoother, decide
from moodstream.types import EXPRESSIONS, UNSURE


def probabilities(**named):
    rest = (1 - sum(named.values())) / (len(EXPRESSIONS) - len(named))
    return tuple(named.get(name, rest) for name in EXPRESSIONS)


HAPPY, SAD = probabilities(happy=0.8), probabilities(sad=0.8)
LESS_HAPPY = probabilities(happy=0.7)


def test_the_first_reading_stands_as_it_is():
    state = Smoother(1.0).smooth(1, EXPRESSIONS, HAPPY, 0.45, 0.0)
    assert (state.label, state.probabilities) == ("happy", HAPPY)


@pytest.mark.parametrize("fps", [5, 30])
def test_the_time_constant_is_in_seconds_whatever_the_rate(fps):
    smoother = Smoother(1.0)
    smoother.smooth(1, EXPRESSIONS, HAPPY, 0.45, 0.0)
    for frame in range(1, fps + 1):
        state = smoother.smooth(1, EXPRESSIONS, LESS_HAPPY, 0.45, frame / fps)
    share = (state.probabilities[3] - LESS_HAPPY[3]) / (HAPPY[3] - LESS_HAPPY[3])
    assert share == pytest.approx(0.368, abs=0.001)
    assert sum(state.probabilities) == pytest.approx(1)


@pytest.mark.parametrize("fps", [5, 15, 30])
@pytest.mark.parametrize("time_constant_s", [0.1, 1.0, 30.0])
def test_a_true_change_is_shown_within_half_a_second(fps, time_constant_s):
    smoother = Smoother(time_constant_s)
    for frame in range(3 * fps):
        smoother.smooth(1, EXPRESSIONS, HAPPY, 0.45, frame / fps)
    after = [smoother.smooth(1, EXPRESSIONS, SAD, 0.45, 3 + frame / fps) for frame in range(fps // 2 + 1)]
    assert after[-1].label == "sad"
    assert after[-1].probabilities[4] > 0.7


def test_a_change_to_a_face_barely_above_the_threshold_is_shown_within_half_a_second_too():
    smoother, barely = Smoother(), probabilities(sad=0.49)
    for frame in range(45):
        smoother.smooth(1, EXPRESSIONS, HAPPY, 0.45, frame / 15)
    after = [smoother.smooth(1, EXPRESSIONS, barely, 0.45, 3 + frame / 15).label for frame in range(8)]
    assert after[-1] == "sad"
    assert smoother.smooth(2, EXPRESSIONS, barely, 0.45, 0.0).label == "sad"


def test_a_face_between_two_labels_keeps_one_under_noise():
    smoother, random = Smoother(), np.random.default_rng(0)
    labels, raw_labels = [], []
    for frame in range(60 * 15):
        noise = random.normal(0, 0.05)
        torn = probabilities(happy=0.45 + noise, sad=0.45 - noise)
        labels.append(smoother.smooth(1, EXPRESSIONS, torn, 0.4, frame / 15).label)
        raw_labels.append(decide(EXPRESSIONS, torn, 0.4))
    assert sum(a != b for a, b in itertools.pairwise(raw_labels)) > 300
    assert len(set(labels[15:])) == 1


def test_a_face_that_takes_turns_comes_to_rest_and_still_changes_at_once():
    smoother, random = Smoother(), np.random.default_rng(1)
    labels, lean = [], 0.0
    for frame in range(240 * 15):
        lean = 0.85 * lean + random.normal(0, 0.1)
        torn = probabilities(happy=0.42 + np.clip(lean, -0.4, 0.4), sad=0.42 - np.clip(lean, -0.4, 0.4))
        labels.append(smoother.smooth(1, EXPRESSIONS, torn, 0.4, frame / 15).label)
    changes = [a != b for a, b in itertools.pairwise(labels)]
    assert 0 < sum(changes) < 80  # 148 if it were not told that it takes turns
    surprise = probabilities(surprise=0.8)
    after = [smoother.smooth(1, EXPRESSIONS, surprise, 0.4, 240 + frame / 15).label for frame in range(8)]
    assert after[-1] == "surprise"


def test_one_odd_frame_does_not_change_the_label_and_a_true_change_does():
    smoother = Smoother()
    for frame in range(30):
        odd = frame % 10 == 9
        assert smoother.smooth(1, EXPRESSIONS, SAD if odd else HAPPY, 0.45, frame / 15).label == "happy"
    labels = [smoother.smooth(1, EXPRESSIONS, SAD, 0.45, 2 + frame / 15).label for frame in range(8)]
    assert labels[-1] == "sad"


def test_without_smoothing_each_frame_speaks_for_itself():
    smoother = Smoother(0)
    for frame, row in enumerate((HAPPY, SAD, HAPPY, probabilities(happy=0.46, sad=0.45), SAD)):
        state = smoother.smooth(1, EXPRESSIONS, row, 0.45, frame / 15)
        assert (state.probabilities, state.label) == (row, decide(EXPRESSIONS, row, 0.45))


def test_the_label_holds_until_another_is_clearly_ahead():
    near = probabilities(happy=0.46, sad=0.46 + MARGIN / 2)
    assert decide(EXPRESSIONS, near, 0.3) == "sad"
    assert decide(EXPRESSIONS, near, 0.3, "happy") == "happy"
    assert decide(EXPRESSIONS, probabilities(happy=0.40, sad=0.41 + MARGIN), 0.3, "happy") == "sad"


def test_no_label_is_shown_below_the_threshold_and_unsure_is_left_with_a_margin():
    assert decide(EXPRESSIONS, probabilities(happy=0.449), 0.45, "happy") == UNSURE
    assert decide(EXPRESSIONS, probabilities(happy=0.451), 0.45, "happy") == "happy"
    assert decide(EXPRESSIONS, probabilities(happy=0.451), 0.45, UNSURE) == UNSURE
    assert decide(EXPRESSIONS, probabilities(happy=0.451 + MARGIN), 0.45, UNSURE) == "happy"
    assert decide(EXPRESSIONS, probabilities(happy=0.44, sad=0.46), 0.45, "happy") == UNSURE
    assert decide(EXPRESSIONS, probabilities(happy=0.99), 0.97, UNSURE) == "happy"


def test_resumed_and_forgotten():
    smoother = Smoother(10.0)
    smoother.resume(7, Smoothed(EXPRESSIONS, HAPPY, "happy", 0.0))
    assert smoother.smooth(7, EXPRESSIONS, SAD, 0.45, 0.03).label == "happy"
    assert smoother.label(8) == UNSURE
    smoother.keep({8})
    assert smoother.smooth(7, EXPRESSIONS, SAD, 0.45, 0.2).label == "sad"


def test_other_names_begin_anew():
    smoother = Smoother(10.0)
    smoother.smooth(7, EXPRESSIONS, HAPPY, 0.45, 0.0)
    more = (*EXPRESSIONS, "bored")
    state = smoother.smooth(7, more, (*(p / 10 for p in HAPPY), 0.9), 0.45, 0.1)
    assert (state.label, len(state.probabilities)) == ("bored", 8)
