"""What the page says and draws when answers are late, refused, unsure or withheld; the answers are arranged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frontend.app import create_app
from moodstream.settings import Settings
from moodstream.types import EXPRESSIONS, FrameReading, Problem
from tests.frontend import fake_detector
from tests.frontend.serving import serving_apart

from .live import agree, shown, wait


@pytest.fixture
def answers() -> Iterator[Any]:
    """How the detector answers: set its ``change`` and ``delay_s``."""
    state = fake_detector.app.state
    yield state
    state.change, state.delay_s = (lambda answer: answer), 0.0


@pytest.fixture
def page(browse: Callable[..., Any], still_clip: Path, answers: Any) -> Iterator[Any]:
    """The page in front of that detector, its camera started."""
    with serving_apart(fake_detector.app) as detector_port:
        app = create_app(Settings(detector_port=detector_port))  # type: ignore[call-arg]
        with serving_apart(app) as port:
            tab = browse(camera=still_clip, viewport={"width": 1280, "height": 1000}).new_page()
            tab.goto(f"http://127.0.0.1:{port}")
            agree(tab)
            yield tab
            tab.close()


def test_refusals_are_said_in_words_and_the_words_go_when_they_end(page: Any, answers: Any) -> None:
    answers.change = lambda answer: replace(answer, status="overloaded", readings=())
    page.get_by_text("Overloaded: many people are using this").wait_for()
    answers.change = lambda answer: replace(answer, status="stale", readings=())
    page.get_by_text("Answers come late right now").wait_for()
    problem = Problem("queue_down", "The queue cannot be reached.")
    answers.change = lambda answer: replace(answer, status="error", error=problem, readings=())
    page.get_by_text("The queue cannot be reached.").wait_for()
    answers.change = lambda answer: answer
    page.locator(".ms-notice").wait_for(state="hidden")


def test_the_age_of_the_labels_is_told_once_it_matters(page: Any, answers: Any) -> None:
    answers.delay_s = 0.7
    page.get_by_text(re.compile(r"labels (0\.[789]|[1-9]\.\d) s old")).wait_for()


def test_a_forbidden_view_is_said(page: Any, answers: Any) -> None:
    def only_boxes(answer: FrameReading) -> FrameReading:
        group = {"faces": 1, "min": 5, "shares": None}
        return replace(answer, readings=tuple(one.bare() for one in answer.readings), view="group", group=group)

    answers.change = only_boxes
    page.get_by_text("Single seats are switched off on this server").wait_for()
    assert page.get_by_role("button", name="Group", exact=True).get_attribute("aria-pressed") == "true"
    page.get_by_text("Too few faces for a group: 1 of at least 5").wait_for()


def test_confidence_is_the_boxs_weight_and_doubt_is_dashed(page: Any, answers: Any) -> None:
    weights = {}
    for most in (0.95, 0.5):
        answers.change = _happy(most)
        wait(page, f"Math.abs(window.__moodstream.boxes[0]?.confidence - {most}) < 0.01", "no such answer")
        weights[most] = _drawn(page)
        assert weights[most][1] == 1, "a sure box has gaps"
    assert weights[0.95][0] > weights[0.5][0], weights
    answers.change = _happy(0.3)
    wait(page, "window.__moodstream.boxes[0]?.label === 'unsure'", "not unsure")
    assert 0.3 < _drawn(page)[1] < 0.9


def test_more_confidence_asked_for_makes_more_unsure(page: Any, answers: Any) -> None:
    answers.change = _happy(0.6)
    wait(page, "window.__moodstream.boxes[0]?.label === 'happy'", "not happy")
    page.get_by_text("Settings", exact=True).click()
    page.locator('[data-set="confidence"]').fill("0.8")
    wait(page, "window.__moodstream.boxes[0]?.label === 'unsure'", "not unsure")
    page.locator('[data-set="smoothing"]').select_option("3")
    while answers.hellos[-1]["smoothing"] != 3:  # until the test's own limit
        page.wait_for_timeout(50)


def _happy(most: float) -> Callable[[FrameReading], FrameReading]:
    rest = (1 - most) / 6
    values = tuple(most if name == "happy" else rest for name in EXPRESSIONS)

    def change(answer: FrameReading) -> FrameReading:
        return replace(answer, readings=tuple(one.read(values, 0.45) for one in answer.readings))

    return change


def _drawn(page: Any) -> tuple[float, float]:
    """What :func:`_left_edge` sees once the box stands still."""
    before, now = None, _left_edge(page)
    while now != before or not now[0]:  # until the test's own limit
        before, now = now, _left_edge(page)
    return now


def _left_edge(page: Any) -> tuple[float, float]:
    """Width in pixels of the left line of the box, in its colour, and how much of its length is painted."""
    _, overlay, boxes, _ = shown(page)
    x, y, w, h = (share * size for share, size in zip(boxes[0]["box"], overlay.size * 2, strict=True))
    edge = overlay.crop((round(x - w * 0.1), round(y + h * 0.25), round(x + w * 0.1), round(y + h * 0.8)))
    return _line(edge)


def _line(edge: Image.Image) -> tuple[float, float]:
    painted = np.asarray(edge)[..., 3] > 200
    rows = painted.sum(1)
    return float(np.median(rows[rows > 0])) if rows.any() else 0.0, float((rows > 0).mean())
