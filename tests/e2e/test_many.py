"""Ten tabs at once, each with its own stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

TABS = 10


def _streams(detector: str) -> float:
    text = httpx.get(f"{detector}/metrics", timeout=20).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("moodstream_streams "))


def test_ten_tabs_have_ten_streams(browse: Callable[..., Any], stack: tuple[str, str]) -> None:
    context = browse()
    before = _streams(stack[1])
    pages = [context.new_page() for _ in range(TABS)]
    for page in pages:
        page.goto(stack[0])
    for page in pages:
        page.get_by_role("button", name="Agree and start the camera").and_(page.locator(":enabled")).wait_for()
    for page in pages:
        page.get_by_role("button", name="Agree and start the camera").click()
    for page in pages:
        page.wait_for_function("window.__moodstream.answered > 0")
    assert _streams(stack[1]) == before + TABS
    answered = [page.evaluate("window.__moodstream.answered") for page in pages]
    for page, count in zip(pages, answered, strict=True):
        page.wait_for_function(f"window.__moodstream.answered > {count} + 5")
    seats = [page.evaluate("(window.__moodstream.last.faces ?? []).map((face) => face.seat)") for page in pages]
    assert len({str(one) for one in seats if one}) > 1, seats  # numbers are random for each stream
    for page in pages:
        assert page.evaluate("window.__moodstream.statuses.error ?? 0") == 0
        page.close()
