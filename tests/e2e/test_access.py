"""For keyboards and screen readers: axe finds no serious fault, everything can be reached and is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .live import first_label, wait


def _faults(page: Any) -> list[str]:
    """What axe calls serious or critical in the live page, in words."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe: pip install axe-playwright-python"
    )
    found = axe.Axe().run(page, context=".ms").response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(browse: Callable[..., Any], stack: tuple[str, str], scheme: str) -> None:
    page = browse(camera=None, color_scheme=scheme, reduced_motion="reduce").new_page()
    page.goto(stack[0])
    page.locator('[data-act="demo"]:enabled').wait_for()
    assert _faults(page) == [], "before the consent"
    page.locator('[data-act="demo"]').click()
    wait(page, "window.__moodstream?.boxes.filter((b) => b.label).length > 15", "no class")
    page.get_by_text("Settings", exact=True).click()
    page.locator('[data-set="attention"]').fill("5")
    page.get_by_role("button", name="Drop a marker").click()
    page.locator("[data-attention] li button").first.wait_for()
    assert _faults(page) == [], "individual view"
    page.get_by_text("Take it with you").click()
    assert _faults(page) == [], "open menu"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Group", exact=True).click()
    wait(page, "window.__moodstream.last?.view === 'group'", "no group view")
    assert _faults(page) == [], "group view"
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Reading has stopped").wait_for()
    assert _faults(page) == [], "stopped"


def test_the_page_works_by_keyboard_alone(page: Any) -> None:
    page.locator('[data-act="agree"]:enabled').wait_for()
    _tab_to(page, "agree")
    page.keyboard.press("Enter")
    first_label(page)
    page.keyboard.press("m")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    assert page.get_by_label("Text of marker 1").input_value() == "by keyboard"
    said = "document.querySelector('[data-announce]').textContent.includes('One face')"
    wait(page, said, "nothing is said to a screen reader")
    page.evaluate("document.querySelector('.ms-bar button').focus()")
    page.keyboard.press("Enter")
    page.get_by_text("The camera is off").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "The camera is off"


def _tab_to(page: Any, action: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.dataset?.act") == action:
            return
    pytest.fail(f"{action} cannot be reached by the Tab key")
