"""The whole stack in a real browser whose webcam plays a moving face."""

from __future__ import annotations

import base64
import io
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import TimeoutError as NotInTime

from tests.running import moodstream_up

from .clip import face_box, write_clip

#: Keeps the last frames that the page sent, by number, to look up where the face was in them.
KEEP_FRAMES = Path(__file__).with_name("keep_frames.js").read_text(encoding="utf-8")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def chromium() -> str:
    path = os.environ.get("MOODSTREAM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path:
        return path
    words = "no Chromium: apt-get install chromium, or name one in MOODSTREAM_CHROMIUM"
    if os.environ.get("MOODSTREAM_REQUIRE_BROWSER") == "1":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="module")
def stack(chromium: str) -> Iterator[tuple[str, str]]:
    """The started product; gives the addresses of page and detector. MOODSTREAM_TEST_STACK="page detector" names one
    that runs already."""
    if running := os.environ.get("MOODSTREAM_TEST_STACK"):
        page, detector = running.split()
        yield page, detector
        return
    with moodstream_up() as started:
        yield started.page, started.detector


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mjpeg")


@pytest.fixture
def page(chromium: str, stack: tuple[str, str], clip: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*FLAGS, f"--use-file-for-fake-video-capture={clip}"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.add_init_script(KEEP_FRAMES)
        tab.goto(stack[0])
        yield tab
        browser.close()


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Overlap of two boxes (x, y, width, height): common area by joint area."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0.0, w) * max(0.0, h)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def _start(page: Any) -> None:
    page.get_by_role("button", name="Agree and start the camera").click(timeout=30_000)
    try:
        page.wait_for_function("window.__moodstream?.boxes.some((b) => b.label)", timeout=30_000)
    except NotInTime as error:
        pytest.fail(f"no label: {page.evaluate('window.__moodstream')} {page.inner_text('body')} {error}")


def _overlap(page: Any) -> float:
    """How well the box drawn now lies on the face of the frame that it was drawn for."""
    got = page.evaluate("window.__keptFrame()")
    frame = Image.open(io.BytesIO(base64.b64decode(got["jpeg"])))
    truth = face_box(frame)
    assert truth is not None, "the marker is not in the frame"
    best = 0.0
    for drawn in got["boxes"]:
        x, y, w, h = drawn["box"]
        left = 1 - x - w if got["mirrored"] else x
        box = (left * frame.width, y * frame.height, w * frame.width, h * frame.height)
        best = max(best, iou(box, truth))
    return best


def test_the_box_follows_the_face_and_no_frame_is_lost(page: Any, stack: tuple[str, str]) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    _start(page)
    overlaps = []
    end = time.monotonic() + 10
    while time.monotonic() < end:
        overlaps.append(_overlap(page))
        page.wait_for_timeout(500)
    overlaps.sort()
    assert overlaps[len(overlaps) // 2] > 0.4, overlaps
    page.locator('[data-act="mirror"]').uncheck()
    page.wait_for_timeout(300)
    assert _overlap(page) > 0.3
    page.get_by_role("button", name="Stop").click()
    page.wait_for_timeout(1000)
    counters = page.evaluate("({...window.__moodstream, last: null})")
    assert counters["sent"] > 20
    assert 0 <= counters["sent"] - counters["answered"] <= 1, counters
    assert counters["statuses"].get("ok", 0) > 0.8 * counters["answered"], counters
    assert hosts <= {stack[0].split("/")[2]}, hosts


def test_stopping_ends_the_stream_and_it_can_start_again(page: Any, stack: tuple[str, str]) -> None:
    _start(page)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("window.__moodstream.closes.length === 1", timeout=5_000)
    assert page.evaluate("window.__moodstream.closes[0]") == 1000
    assert page.get_by_text("The camera is off").is_visible()
    assert page.evaluate("window.__moodstream.boxes.length") == 0
    sent = page.evaluate("window.__moodstream.sent")
    page.wait_for_timeout(1000)
    assert page.evaluate("window.__moodstream.sent") == sent
    page.get_by_role("button", name="Start the camera", exact=True).click()
    page.wait_for_function(f"window.__moodstream.answered > {sent}", timeout=15_000)


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
    page.locator("#picture-words", has_text="Not read.").wait_for(timeout=30_000)


def test_without_a_camera_the_page_says_so(chromium: str, stack: tuple[str, str]) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless=new", "--no-sandbox", "--use-fake-ui-for-media-stream"]
        )
        tab = browser.new_page()
        tab.goto(stack[0])
        tab.get_by_role("button", name="Agree and start the camera").click(timeout=30_000)
        tab.get_by_text("No camera was found").wait_for(timeout=15_000)
        browser.close()


def test_the_detector_answers_ready_while_the_page_does(stack: tuple[str, str]) -> None:
    for address in stack:
        assert httpx.get(f"{address}/readyz", timeout=5).status_code == 200
