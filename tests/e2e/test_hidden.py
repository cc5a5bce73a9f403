"""A tab that nobody sees goes on reading; its summary stays on top in a window of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from .headed import REMEDY, display, window
from .live import wait

ANSWERS = 15


def test_a_hidden_tab_goes_on_answering(chromium: str, stack: tuple[str, str]) -> None:
    with ExitStack() as open_ones:
        try:
            screen = open_ones.enter_context(display())
        except FileNotFoundError:
            pytest.skip(REMEDY)
        browser = open_ones.enter_context(window(chromium, screen))
        page = open_ones.enter_context(browser.tab(f"{stack[0]}?demo=1"))
        page.wait("window.__moodstream?.boxes.length", 120)
        assert page.evaluate("document.hidden") is False
        open_ones.enter_context(browser.tab("about:blank"))
        page.wait("document.hidden", 120)
        page.evaluate("{ window.ticks = 0; setInterval(() => (window.ticks += 1), 20); }")
        before = page.evaluate("window.__moodstream.answered")
        page.wait(f"window.__moodstream.answered >= {before + ANSWERS}", 120)
        assert page.evaluate("document.hidden") is True
        assert page.evaluate("window.__moodstream.statuses.error ?? 0") == 0


def test_the_small_window_tells_the_class_in_short(browse: Callable[..., Any], stack: tuple[str, str]) -> None:
    page = browse(camera=None).new_page()
    page.goto(f"{stack[0]}?demo=1")
    wait(page, "window.__moodstream?.boxes.filter((b) => b.label).length > 20", "no class")
    page.get_by_role("button", name="Small window").click()
    text = "documentPictureInPicture.window.document.body.innerText"
    wait(page, f"/2\\d faces/.test({text}) && /\\d %/.test({text})", "the small window is empty")
    assert page.locator('[data-act="pip"]').get_attribute("aria-pressed") == "true"
    page.evaluate("documentPictureInPicture.window.document.querySelector('button').click()")
    assert page.evaluate("window.__moodstream.lesson.markers.length") == 1
    page.get_by_role("button", name="Small window").click()
    wait(page, "!documentPictureInPicture.window", "it stays open")
    assert page.locator('[data-act="pip"]').get_attribute("aria-pressed") == "false"
