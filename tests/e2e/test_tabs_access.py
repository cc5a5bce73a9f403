"""axe-core looks at the tabs beside Live, in light and dark: no serious fault; and they work by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from .tabs import open_tab, write_portrait

BAD = ("serious", "critical")
#: What is there once a tab has been built.
READY = {
    "Picture": "#picture-words",
    "Video": "#video-start",
    "Teach": '#teach [data-do="agree"]:enabled',
    "About": "#about-doubt canvas, #about-doubt svg.marks",
}


def _faults(page: Any) -> list[str]:
    """What axe-core finds once nothing fades any more: half-way, a button has colours that it never keeps."""
    page.wait_for_function("document.getAnimations().every(one => !(one instanceof CSSTransition))")
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in BAD]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_has_a_serious_fault(
    browse: Callable[..., Any], stack: tuple[str, str], tmp_path: Path, scheme: str
) -> None:
    page = browse(color_scheme=scheme).new_page()
    page.goto(f"{stack[0]}/?__theme={scheme}")
    faults = {}
    for name in READY:
        open_tab(page, name)
        page.locator(READY[name]).first.wait_for()
        faults[name] = _faults(page)
    open_tab(page, "Picture")
    page.locator("#picture-in input[type=file]").first.set_input_files(write_portrait(tmp_path / "portrait.png"))
    page.locator("#picture-csv:not([disabled])").wait_for()
    faults["Picture, read"] = _faults(page)
    open_tab(page, "Teach")
    page.get_by_role("button", name="Agree and start the camera").click()
    page.wait_for_function("window.__teach?.face")
    faults["Teach, live"] = _faults(page)
    assert not any(faults.values()), faults


def test_the_teach_tab_works_with_the_keyboard_alone(page: Any) -> None:
    open_tab(page, "Teach")
    page.locator('#teach [data-do="agree"]:enabled').focus()
    page.keyboard.press("Enter")
    page.wait_for_function("window.__teach?.face")
    page.keyboard.press("Tab")  # the shot, which is the next that can be reached
    page.wait_for_function("document.activeElement.dataset.do === 'shot' || document.activeElement.name")
    page.get_by_role("radio", name="angry").focus()
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("radio", name="disgust").is_checked()
    page.locator('#teach [data-do="shot"]').focus()
    page.keyboard.press("Space")
    page.locator(".teach-label", has_text="disgust").get_by_text("1 shot").wait_for()
