"""The picture tab in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image


def test_a_picture_is_annotated_and_tabulated(page: Any, tmp_path: Path) -> None:
    from skimage.data import astronaut

    Image.fromarray(astronaut()).save(tmp_path / "portrait.png")
    page.get_by_role("tab", name="Picture").click(timeout=30_000)
    page.locator("#picture-in input[type=file]").set_input_files(tmp_path / "portrait.png")
    page.locator("#picture-words", has_text="1 face").wait_for(timeout=30_000)
    assert page.locator("#picture-out img").is_visible()
    assert page.locator("#picture-table").get_by_text("%").count() >= 7
    (tmp_path / "no.png").write_bytes(b"this is no picture")
    page.locator("#picture-in").get_by_role("button", name="Clear").or_(
        page.locator("#picture-in [aria-label*='Clear'], #picture-in [aria-label*='Remove']")
    ).first.click()
    page.locator("#picture-in input[type=file]").set_input_files(tmp_path / "no.png")
    page.locator("#picture-words", has_text="Not read: no.png.").wait_for(timeout=30_000)
