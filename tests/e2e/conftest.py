"""A real browser on the whole stack: fixtures for every test in this folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.running import moodstream_up

from .clip import write_clip

#: Says yes to every question about cameras and screens.
YES = "--use-fake-ui-for-media-stream"
FAKE_CAMERA = "--use-fake-device-for-media-stream"
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    YES,
    FAKE_CAMERA,
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    path = os.environ.get("MOODSTREAM_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path:
        return path
    words = "no Chromium: apt-get install chromium, or name one in MOODSTREAM_CHROMIUM"
    if os.environ.get("MOODSTREAM_REQUIRE_BROWSER") == "1":
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def stack(chromium: str) -> Iterator[tuple[str, str]]:
    """The started product; gives the addresses of page and detector. MOODSTREAM_TEST_STACK="page detector" names one
    that runs already."""
    if running := os.environ.get("MOODSTREAM_TEST_STACK"):
        page, detector = running.split()
        yield page, detector
        return
    with moodstream_up() as started:
        yield started.page, started.detector


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of a moving face that plays as the webcam."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mjpeg")


@pytest.fixture(scope="session")
def still_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same face where it stays."""
    return write_clip(tmp_path_factory.mktemp("clip") / "still.mjpeg", moving=False)


@pytest.fixture
def browse(chromium: str, clip: Path) -> Iterator[Callable[..., Any]]:
    """Opens a browser whose webcam plays the clip, as a Playwright context:
    ``browse(*flags, camera=clip or None, without=flags, **context options)``."""
    from playwright.sync_api import sync_playwright

    with ExitStack() as open_ones:
        playwright = open_ones.enter_context(sync_playwright())

        def start(*flags: str, camera: Path | None = clip, without: tuple[str, ...] = (), **options: Any) -> Any:
            args = [*(flag for flag in FLAGS if flag not in without), *flags]
            if camera:
                args.append(f"--use-file-for-fake-video-capture={camera}")
            else:
                args.remove(FAKE_CAMERA)
            browser = playwright.chromium.launch(executable_path=chromium, args=args)
            open_ones.callback(browser.close)
            return browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})

        yield start


@pytest.fixture
def page(browse: Callable[..., Any], stack: tuple[str, str]) -> Any:
    """The product's page in a browser with a webcam."""
    tab = browse().new_page()
    tab.goto(stack[0])
    return tab
