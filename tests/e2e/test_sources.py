"""Where pictures come from, and what is said when they do not come."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import FAKE_CAMERA, YES
from .live import agree, first_label

Browse = Callable[..., Any]
CALL = "A video call"


@pytest.fixture
def call(tmp_path: Path) -> str:
    """A page that looks like a call with two people."""
    from PIL import Image
    from skimage.data import astronaut

    Image.fromarray(astronaut()).save(tmp_path / "person.png")
    (tmp_path / "call.html").write_text(
        f"<title>{CALL}</title><body style='background:#223'>" + "<img src=person.png width=420>" * 2
    )
    return (tmp_path / "call.html").as_uri()


def _shared(browse: Browse, stack: tuple[str, str], call: str, script: str = "") -> tuple[Any, Any]:
    """The call and the product's page, which reads it and shows its first label."""
    context = browse(f"--auto-select-tab-capture-source-by-title={CALL}", camera=None, without=(YES,))
    other = context.new_page()
    other.goto(call)
    page = context.new_page()
    if script:
        page.add_init_script(script)
    page.goto(stack[0])
    page.get_by_role("button", name="Agree and share a window").click()
    first_label(page)
    return other, page


def test_a_shared_window_is_read_without_mirror_and_its_end_is_told(
    browse: Browse, stack: tuple[str, str], call: str
) -> None:
    other, page = _shared(browse, stack, call)
    page.wait_for_function("window.__moodstream.boxes.length === 2")
    state = page.evaluate("({...window.__moodstream, last: null})")
    assert state["source"] == "screen"
    assert not state["mirrored"]
    left, right = sorted(one["box"][0] for one in state["boxes"])
    assert left < 0.5 < right + 0.3
    assert page.get_by_text("Go to your call now").is_visible()
    assert page.locator('[data-act="camera"]').is_hidden()
    other.close()
    page.get_by_text("Sharing has ended").wait_for()


def test_a_still_window_whose_only_pictures_came_too_early_is_read_nevertheless(
    browse: Browse, stack: tuple[str, str], call: str
) -> None:
    """A browser sends a window that does not change once or twice, and a slow page may not listen yet."""
    lost = """const Real = MediaStreamTrackProcessor;
        window.made = 0;
        window.MediaStreamTrackProcessor = function (init) {
            window.made += 1;
            return window.made > 1 ? new Real(init) : { readable: new ReadableStream() };
        };"""
    _, page = _shared(browse, stack, call, lost)
    assert page.evaluate("window.made") >= 2


def test_a_camera_can_be_exchanged_for_another_while_it_runs(browse: Browse, stack: tuple[str, str]) -> None:
    page = browse(f"{FAKE_CAMERA}=device-count=2", camera=None).new_page()
    page.goto(stack[0])
    page.get_by_role("button", name="Agree and start the camera").click()
    page.wait_for_function("window.__moodstream.answered > 0")
    choice = page.locator('[data-act="camera"]')
    assert choice.locator("option").count() == 2
    before = page.evaluate("window.__moodstream.answered")
    other = page.evaluate("[...document.querySelectorAll('[data-act=camera] option')].find((o) => !o.selected).value")
    choice.select_option(other)
    page.wait_for_function(f"window.__moodstream.answered > {before} + 3")
    used = "document.querySelector('.ms-stage video').srcObject.getVideoTracks()[0].getSettings().deviceId"
    assert page.evaluate(used) == other
    assert page.evaluate("window.__moodstream.closes") == [], "the stream was broken"


def _told(browse: Browse, stack: tuple[str, str], script: str, words: str, *flags: str, **how: Any) -> Any:
    page = browse(*flags, **how).new_page()
    if script:
        page.add_init_script(script)
    page.goto(stack[0])
    page.get_by_role("button", name="Agree and start the camera").click()
    page.get_by_text(words).wait_for()
    return page


def test_a_camera_that_is_not_allowed(browse: Browse, stack: tuple[str, str]) -> None:
    page = _told(browse, stack, "", "The camera is not allowed", "--deny-permission-prompts", without=(YES,))
    assert page.get_by_text("in the address bar").is_visible()
    assert page.evaluate("window.__moodstream.sent") == 0


def test_a_camera_that_another_program_holds(browse: Browse, stack: tuple[str, str]) -> None:
    busy = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('in use', 'NotReadableError'); }"
    _told(browse, stack, busy, "The camera is busy")


def test_a_page_without_https(browse: Browse, stack: tuple[str, str]) -> None:
    """There, browsers have no media devices at all."""
    bare = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined });"
    bare += "Object.defineProperty(window, 'isSecureContext', { get: () => false });"
    page = _told(browse, stack, bare, "The browser keeps the camera locked")
    assert page.get_by_text("Open this page by an https:// address").is_visible()
    assert page.locator('[data-act="start-screen"]').is_hidden()


def test_a_browser_without_chromiums_extras_reads_faces_and_says_what_it_lacks(
    browse: Browse, stack: tuple[str, str]
) -> None:
    page = browse().new_page()
    page.add_init_script(
        """delete window.MediaStreamTrackProcessor; delete window.documentPictureInPicture;
        delete MediaDevices.prototype.getDisplayMedia;"""
    )
    page.goto(stack[0])
    page.get_by_text("This browser cannot share a window").first.wait_for()
    assert page.get_by_role("button", name="Agree and share a window").is_hidden()
    agree(page)
    page.get_by_text("Settings", exact=True).click()
    for words in ("cannot share a window", "no small window", "slows pages that are hidden"):
        assert words in page.locator('[data-lacks="all"]').inner_text()
    assert page.locator('[data-act="pip"]').is_hidden()
