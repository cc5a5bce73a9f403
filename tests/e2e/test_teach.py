"""The teach tab in a browser: a word of one's own, learnt from the camera, used by Live, and forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from classifier_service.classifier import Classifier
from moodstream.adapt import Shot, adapt

from .live import agree
from .tabs import open_tab

KEPT = "Object.keys(sessionStorage).filter((key) => key === 'moodstream.shots' || key === 'moodstream.adaptation')"


@pytest.fixture(scope="module", autouse=True)
def _an_adaptable_model() -> None:
    """The shipped model's embeddings must be of the kind that can be adapted."""
    import numpy as np

    crop = np.zeros((1, 48, 48), np.uint8)
    try:
        adapt([Shot("happy", Classifier.load("default").classify(crop).embeddings[0].tolist())], "m")
    except ValueError as error:
        pytest.skip(f"the model in classifier_service/models cannot be adapted: {error}; export it again")


def test_a_word_of_ones_own_is_taught_used_and_forgotten(page: Any) -> None:
    open_tab(page, "Teach")
    page.get_by_role("button", name="Agree and start the camera").click()
    page.wait_for_function("window.__teach?.face")
    assert "happy" in page.locator("[data-verdict]").inner_text()
    page.get_by_label("A word of your own").fill("on board")
    page.get_by_role("button", name="Add").click()
    assert page.get_by_role("radio", name="on board").is_checked()
    page.get_by_role("button", name="Take five").click()
    page.get_by_text("5 shots of 1 word, in use here and in Live.").wait_for()
    page.wait_for_function("window.__teach.last.faces[0]?.label === 'on board'")
    page.locator("[data-verdict]", has_text="→ on board").wait_for()
    page.locator("[data-judged]", has_text="Of your 5 shots the model alone reads 0 as you do").wait_for()
    kept = page.evaluate("JSON.parse(sessionStorage['moodstream.shots'])")
    assert all(set(shot) == {"label", "embedding"} for shot in kept["shots"])
    assert all(isinstance(value, float | int) for shot in kept["shots"] for value in shot["embedding"])

    open_tab(page, "Live")
    agree(page)
    page.wait_for_function("window.__moodstream.boxes.some((b) => b.label === 'on board')")
    assert page.evaluate("document.querySelector('.teach').dataset.state") == "off"

    page.reload()  # what was taught lives as long as the browser's tab
    open_tab(page, "Teach")
    page.get_by_text("5 shots of 1 word, in use here and in Live.").wait_for()
    page.get_by_role("button", name="Forget everything").click()
    page.get_by_text("Nothing is taught yet.").wait_for()
    assert page.evaluate(KEPT) == []
    open_tab(page, "Live")
    agree(page)
    page.wait_for_function("window.__moodstream.boxes.some((b) => b.label === 'happy')")
    assert page.evaluate("Object.keys(window.__moodstream.last.faces[0].probabilities).length") == 7


def test_words_that_are_there_already_are_refused(page: Any) -> None:
    open_tab(page, "Teach")
    page.get_by_label("A word of your own").fill("Happy")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("alert").filter(has_text="“happy” is there already.").wait_for()
