"""The picture tab in a browser: every way in, and what can be taken away."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from .tabs import download, open_tab, write_portrait

FILES = "#picture-in input[type=file]"
WORDS = "#picture-words"
#: Hand the page a picture as the clipboard or a drag would; the argument is the file in base64.
DROP = """(base64) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], 'dropped.png', { type: 'image/png' }));
  const target = document.querySelector('#picture-in [aria-dropeffect], #picture-in button');
  for (const type of ['dragenter', 'dragover', 'drop']) {
    target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""
COPY = """async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) })]);
}"""


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    return write_portrait(tmp_path / "portrait.png")


def _wait_for(page: Any, words: str) -> None:
    page.locator(WORDS, has_text=words).wait_for()


def test_several_pictures_are_annotated_tabulated_and_taken_away(page: Any, tmp_path: Path, portrait: Path) -> None:
    second = write_portrait(tmp_path / "second.jpg")
    wrong = tmp_path / "no.png"
    wrong.write_bytes(b"this is no picture")
    open_tab(page, "Picture")
    page.locator(FILES).first.set_input_files([portrait, second, wrong])
    _wait_for(page, "2 faces in 2 pictures")
    assert "Not read: no.png." in page.locator(WORDS).inner_text()
    assert page.locator("#picture-out img").count() == 2
    shown = page.locator("#picture-table").inner_text()
    assert "portrait.png" in shown
    assert "second.jpg" in shown
    with download(page, "#picture-csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["picture"] for row in rows] == ["portrait.png", "second.jpg"]
    assert all(row["label"] == "happy" for row in rows)
    for row in rows:
        assert (
            sum(float(row[name]) for name in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")) > 0.99
        )
        # The face is where it is in the portrait.
        assert float(row["x"]) < 224 < float(row["x"]) + float(row["width"])
        assert float(row["y"]) < 120 < float(row["y"]) + float(row["height"])
    told = json.loads(download(page, "#picture-json").read_text())["pictures"]
    assert [one["faces"][0]["probabilities"]["happy"] for one in told] == [float(row["happy"]) for row in rows]
    with zipfile.ZipFile(download(page, "#picture-drawn")) as archive:
        assert archive.namelist() == ["portrait annotated.jpg", "second annotated.jpg"]
        with archive.open("portrait annotated.jpg") as file, Image.open(file) as picture:
            assert picture.size == (512, 512)


def test_a_picture_can_be_dropped_and_pasted(
    browse: Callable[..., Any], stack: tuple[str, str], portrait: Path
) -> None:
    import base64

    context = browse(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(stack[0])
    open_tab(page, "Picture")
    data = base64.b64encode(portrait.read_bytes()).decode()
    page.locator(FILES).first.wait_for(state="attached")
    page.evaluate(DROP, data)
    _wait_for(page, "1 face. Read in")
    assert "dropped.png" in page.locator("#picture-table").inner_text()
    page.evaluate(COPY, data)
    page.locator("#picture-in").get_by_role("button", name="Paste").first.click()
    _wait_for(page, "2 faces in 2 pictures")


def test_the_camera_takes_a_picture(page: Any) -> None:
    open_tab(page, "Picture")
    page.locator("#picture-in [aria-label*='ebcam'], #picture-in [aria-label*='amera']").first.click()
    access = page.locator("#picture-in").get_by_text("Click to Access Webcam")
    access.or_(page.locator("#picture-in video:not(.hide)")).first.wait_for()
    if access.count():
        access.click()
    page.wait_for_function("document.querySelector('#picture-in video')?.videoWidth > 0")
    page.locator("#picture-in [aria-label='capture photo']").click()
    _wait_for(page, "1 face. Read in")
