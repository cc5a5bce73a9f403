"""Screenshots of the page, taken from the real product: ``python -m tests.e2e.screens [--readme | FOLDER]``.

``--readme`` makes the two pictures that README shows; FOLDER takes one of every state, wide, tablet and phone, light
and dark, to be looked at.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Playwright, sync_playwright
from skimage.data import astronaut

from tests.clips import portrait, write_video
from tests.running import moodstream_up

from .clip import write_clip
from .conftest import FAKE_CAMERA, FLAGS, PATIENCE_MS
from .live import agree, wait
from .tabs import open_tab, write_portrait

DOCS = Path(__file__).parents[2] / "docs"
WIDTHS = {"wide": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}
README, README_CLASS = {"width": 1280, "height": 860}, {"width": 1280, "height": 1240}
PARTS = ("live", "group", "tabs")
CLASS = "window.__moodstream?.boxes.filter((b) => b.label).length >= 22"


@contextmanager
def opened(playwright: Playwright, address: str, camera: Path | None, **options: Any) -> Iterator[Any]:
    """The product's page in a browser of its own, with ``camera`` playing as its webcam."""
    arguments = [*FLAGS, f"--use-file-for-fake-video-capture={camera}"] if camera else list(FLAGS)
    if camera is None:
        arguments.remove(FAKE_CAMERA)
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(address)
    try:
        yield page
    finally:
        browser.close()


def _class_with_a_lesson(page: Any, seconds: int) -> None:
    """Wait for the simulated class, and for a timeline with a marker and a seat that may need attention."""
    wait(page, CLASS, "no class")
    page.evaluate("window.__moodstream.lesson.mark('fractions explained')")
    page.get_by_text("Settings", exact=True).click()
    page.locator('[data-set="attention"]').fill("15")
    page.get_by_text("Settings", exact=True).click()
    wait(page, f"window.__moodstream.lesson.timeline.seconds.length > {seconds}", "no timeline")
    page.locator("[data-attention] li").first.wait_for()
    wait(page, CLASS, "no class")


def readme(playwright: Playwright, address: str, folder: Path) -> None:
    """The two pictures of README."""
    camera = folder / "person.mjpeg"
    out = io.BytesIO()
    Image.fromarray(astronaut()[:384]).resize((640, 480)).save(out, "JPEG", quality=92)
    camera.write_bytes(5 * out.getvalue())
    with opened(playwright, address, camera, viewport=README, device_scale_factor=2) as page:
        agree(page)
        wait(page, "window.__moodstream.lesson.timeline.seconds.length > 20", "no timeline")
        _keep(page, "page")
    with opened(playwright, f"{address}/?demo=1", None, viewport=README_CLASS, device_scale_factor=2) as page:
        _class_with_a_lesson(page, 45)
        _keep(page, "class")


def _keep(page: Any, name: str) -> None:
    """What the window shows, for README."""
    Image.open(io.BytesIO(page.screenshot())).save(DOCS / f"{name}.webp", quality=85, method=6)


class Album:
    """Where the pictures of all states go."""

    def __init__(self, playwright: Playwright, address: str, camera: Path, folder: Path) -> None:
        self._playwright, self._address, self._camera, self._folder = playwright, address, camera, folder

    def take(self, page: Any, name: str) -> None:
        """One state, in every width and scheme."""
        for scheme in ("light", "dark"):
            page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", scheme == "dark")
            page.set_viewport_size({"width": 1200, "height": 900})  # plots take their colours when their size changes
            for width, (w, h) in WIDTHS.items():
                page.set_viewport_size({"width": w, "height": h})
                page.wait_for_timeout(700)  # plots are drawn anew
                page.screenshot(path=self._folder / f"{name}-{width}-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})

    def live(self) -> None:
        """One face."""
        with opened(self._playwright, self._address, None) as page:
            page.locator('[data-act="agree"]:enabled').click()
            page.get_by_text("No camera was found").wait_for()
            self.take(page, "no camera")
        with opened(self._playwright, self._address, self._camera) as page:
            page.locator('[data-act="agree"]:enabled').wait_for()
            self.take(page, "consent")
            agree(page)
            wait(page, "window.__moodstream.lesson.timeline.seconds.length > 5", "no timeline")
            self.take(page, "one face")
            page.get_by_role("button", name="Stop", exact=True).click()
            self.take(page, "off")

    def group(self) -> None:
        """The simulated class."""
        with opened(self._playwright, f"{self._address}/?demo=1", None) as page:
            _class_with_a_lesson(page, 30)
            self.take(page, "class")
            page.locator("[data-attention] li button").first.click()
            page.get_by_text("Settings", exact=True).click()
            page.get_by_text("Take it with you").click()
            self.take(page, "class with all open")
            page.keyboard.press("Escape")
            page.get_by_role("button", name="Group", exact=True).click()
            wait(page, "window.__moodstream.last?.view === 'group'", "no group")
            wait(page, "window.__moodstream.lesson.timeline.seconds.length > 50", "no timeline")
            self.take(page, "group")
            page.get_by_role("button", name="Stop", exact=True).click()
            page.get_by_role("button", name="Delete…").click()
            self.take(page, "delete")

    def tabs(self) -> None:
        """The other tabs, empty and at work."""
        with opened(self._playwright, self._address, self._camera) as page:
            for name in ("Picture", "Video", "Teach", "About"):
                open_tab(page, name)
                page.wait_for_timeout(2000)
                self.take(page, name)
            self._teach(page)
            self._picture(page)
            self._video(page)

    def _teach(self, page: Any) -> None:
        open_tab(page, "Teach")
        page.get_by_role("button", name="Agree and start the camera").click()
        page.locator('[data-do="shot"]:enabled').wait_for()
        page.get_by_role("button", name="Take five").click()
        page.wait_for_timeout(6000)
        self.take(page, "Teach, live")

    def _picture(self, page: Any) -> None:
        open_tab(page, "Picture")
        wrong = self._folder / "notes.png"
        wrong.write_text("no picture")
        files = [write_portrait(self._folder / "astronaut.png"), write_portrait(self._folder / "second.jpg"), wrong]
        page.locator("#picture-in input[type=file]").first.set_input_files(files)
        page.locator("#picture-csv:not([disabled])").wait_for()
        self.take(page, "Picture, read")

    def _video(self, page: Any) -> None:
        open_tab(page, "Video")
        clip = write_video(self._folder / "lesson.mp4", (portrait(number) for number in range(60)), rate=10)
        page.locator("#video-in input[type=file]").set_input_files(clip)
        page.locator("#video-start:not([disabled])").click()
        page.locator("#video-words", has_text="left").wait_for()
        page.screenshot(path=self._folder / "Video, reading-wide-light.png", full_page=True)
        page.locator("#video-film:not([disabled])").wait_for()
        page.wait_for_timeout(1500)
        self.take(page, "Video, read")
        notes = self._folder / "notes.mp4"
        notes.write_text("no video")
        page.reload()
        open_tab(page, "Video")
        page.locator("#video-in input[type=file]").set_input_files(notes)
        page.locator("#video-facts", has_text="no video").wait_for()
        self.take(page, "Video, refused")


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--page", help="address of a running page")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    if not (options.readme or options.folder):
        parser.error("name a folder, or say --readme")
    with ExitStack() as open_ones:
        clips = Path(open_ones.enter_context(tempfile.TemporaryDirectory()))
        address = options.page or open_ones.enter_context(moodstream_up()).page
        playwright = open_ones.enter_context(sync_playwright())
        if options.readme:
            readme(playwright, address, clips)
        if options.folder:
            options.folder.mkdir(parents=True, exist_ok=True)
            camera = write_clip(clips / "clip.mjpeg", moving=False)
            album = Album(playwright, address, camera, options.folder)
            for part in options.only:
                getattr(album, part)()


if __name__ == "__main__":
    main()
