"""A real browser on the whole stack: fixtures for every test in this folder."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running, moodstream_up

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
#: A busy machine needs its time: what has not happened by then will not happen.
PATIENCE_MS = 120_000
#: Seconds for a whole test, the start of the product before it among them.
MOST_S = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(MOST_S))


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


@pytest.fixture(scope="package")
def product(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """The product, started once for all tests in this folder, and its temporary folder, in which all files are its."""
    folder = tmp_path_factory.mktemp("server")
    with moodstream_up(TMPDIR=str(folder)) as running:
        yield running, folder


@pytest.fixture(scope="package")
def stack(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The addresses of page and detector. MOODSTREAM_TEST_STACK="page detector" names a product that runs already."""
    if running := os.environ.get("MOODSTREAM_TEST_STACK"):
        page, detector = running.split()
        return page, detector
    started, _ = request.getfixturevalue("product")
    return started.page, started.detector


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of a moving face that plays as the webcam."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mjpeg")


@pytest.fixture(scope="session")
def still_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same face where it stays."""
    return write_clip(tmp_path_factory.mktemp("clip") / "still.mjpeg", moving=False)


@pytest.fixture(scope="package")
def launch(chromium: str) -> Iterator[Callable[..., Any]]:
    """``launch(*arguments, profile=folder or None)``: the browser that was started with these, started if it was not;
    with a profile, which it then keeps, a new one, as a Playwright context."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, ExitStack() as open_ones:

        @functools.cache
        def shared(*arguments: str) -> Any:
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            open_ones.callback(browser.close)
            return browser

        def start(*arguments: str, profile: Path | None = None) -> Any:
            if profile is None:
                return shared(*arguments)
            return playwright.chromium.launch_persistent_context(profile, executable_path=chromium, args=arguments)

        yield start


@pytest.fixture
def browse(launch: Callable[..., Any], clip: Path) -> Iterator[Callable[..., Any]]:
    """Opens a Playwright context, which shares no storage with any other, in a browser whose webcam plays the clip:
    ``browse(*flags, camera=clip or None, without=flags, **context options)``."""
    with ExitStack() as open_ones:

        def start(*flags: str, camera: Path | None = clip, without: tuple[str, ...] = (), **options: Any) -> Any:
            arguments = [*(flag for flag in FLAGS if flag not in without), *flags]
            if camera:
                arguments.append(f"--use-file-for-fake-video-capture={camera}")
            else:
                arguments.remove(FAKE_CAMERA)
            wanted = {"viewport": {"width": 1280, "height": 900}, **options}
            context = launch(*arguments).new_context(**wanted)
            open_ones.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            return context

        yield start


@pytest.fixture
def page(browse: Callable[..., Any], stack: tuple[str, str]) -> Any:
    """The product's page in a browser with a webcam."""
    tab = browse().new_page()
    tab.goto(stack[0])
    return tab
