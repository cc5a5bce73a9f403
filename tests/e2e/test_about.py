"""The about tab in a browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moodstream.types import EXPRESSIONS

from .tabs import open_tab

CARD = json.loads((Path(__file__).parents[2] / "classifier_service" / "models" / "default.json").read_text())


def test_it_tells_the_words_the_card_and_a_text_to_copy(browse: Callable[..., Any], stack: tuple[str, str]) -> None:
    page = browse(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto(stack[0])
    open_tab(page, "About")
    words = page.locator("#about-words")
    words.get_by_role("heading", name="angry").wait_for()
    told = words.get_by_role("heading", level=3).all_inner_texts()
    assert told == [*EXPRESSIONS, "unsure"]
    assert f"{CARD['accuracy_ferplus']:.1%}" in page.locator("#about-card").inner_text()
    for plot in ("#about-recall", "#about-precision", "#about-doubt"):
        page.locator(f"{plot} canvas, {plot} svg.marks").first.wait_for()
    assert "(EU) 2024/1689" in page.locator("#about-law").inner_text()
    assert "after 15 minutes" in page.locator("#about-kept").inner_text()
    page.get_by_role("radio", name="Deutsch").check()
    notice = page.locator("#about-notice textarea")
    german = "document.querySelector('#about-notice textarea').value.startsWith('Bevor')"
    page.wait_for_function(german)
    page.locator("#about-notice button[aria-label*='opy'], #about-notice button[title*='opy']").first.click()
    copied = "async (text) => (await navigator.clipboard.readText()) === text"
    page.wait_for_function(copied, arg=notice.input_value())
