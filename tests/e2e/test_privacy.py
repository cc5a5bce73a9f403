"""What is kept: no live picture on either side's disk, uploads and results only as long as the page is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.clips import portrait, write_video
from tests.running import Running

from .conftest import FLAGS, PATIENCE_MS
from .live import agree
from .tabs import open_tab, result_paths, write_portrait

GONE_WITHIN_S = 120


def _files(folder: Path) -> set[Path]:
    """Files with something in them; Gradio leaves empty ones until they are swept away."""
    return {path for path in folder.rglob("*") if path.is_file() and path.stat().st_size}


def _wait_until_gone(paths: list[Path]) -> None:
    end = time.monotonic() + GONE_WITHIN_S
    while any(path.exists() for path in paths) and time.monotonic() < end:
        time.sleep(0.2)
    assert not [path for path in paths if path.exists()]


def _written_bytes(running: Running) -> int:
    """Bytes that the product's processes, and theirs, gave to a disk so far."""
    pids, total = list(running.children()), 0
    for pid in pids:
        pids += [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))
    return total


def test_uploads_and_results_go_with_the_page(browse: Callable[..., Any], product: Any, tmp_path: Path) -> None:
    running, folder = product
    context = browse()
    page = context.new_page()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "://" in request.url else None)
    page.goto(running.page)
    open_tab(page, "Picture")
    before = _files(folder)
    page.locator("#picture-in input[type=file]").first.set_input_files(write_portrait(tmp_path / "mine.png"))
    page.locator("#picture-csv:not([disabled])").wait_for()
    (drawn,) = result_paths(page, "#picture-out img")
    open_tab(page, "Video")
    clip = write_video(tmp_path / "mine.mp4", (portrait(number) for number in range(10)))
    page.locator("#video-in input[type=file]").set_input_files(clip)
    page.locator("#video-start:not([disabled])").click()
    page.locator("#video-film:not([disabled])").wait_for()
    (film,) = result_paths(page, "#video-out video")
    kept = _files(folder) - before
    assert {drawn, film} <= kept
    assert {path.name for path in kept} >= {"mine.png", "mine.mp4", "readings.csv", "readings.json"}

    other = context.new_page()
    other.goto(running.page)
    open_tab(other, "Picture")
    other.locator("#picture-in input[type=file]").first.set_input_files(write_portrait(tmp_path / "theirs.jpg"))
    other.locator("#picture-csv:not([disabled])").wait_for()
    theirs = _files(folder) - before - kept
    assert theirs

    address = page.eval_on_selector("#picture-out img", "(one) => one.src")
    assert context.request.get(address).status == 200
    page.close()
    _wait_until_gone(list(kept))
    assert all(path.exists() for path in theirs), "another session's files were taken away"
    assert context.request.get(address).status in (403, 404)
    assert hosts == {running.page.split("/")[2]}


def test_live_pictures_touch_no_disk(launch: Callable[..., Any], product: Any, clip: Path, tmp_path: Path) -> None:
    running, folder = product
    profile = tmp_path / "profile"
    with closing(launch(*FLAGS, f"--use-file-for-fake-video-capture={clip}", profile=profile)) as context:
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(running.page)
        agree(page)
        page.wait_for_function("window.__moodstream.answered > 50")  # what is made once has been made
        before, files = _written_bytes(running), _files(folder)
        sent = page.evaluate("window.__moodstream.sent")
        page.wait_for_function(f"window.__moodstream.answered > {sent} + 100")
        written = _written_bytes(running) - before
        sent = page.evaluate("window.__moodstream.sent") - sent
    # A hundred frames are megabytes; lines of logs are kilobytes.
    assert written < 500 * sent, f"{written} bytes were written to a disk while {sent} frames were read"
    assert _files(folder) == files
    pictures = [path for path in _files(profile) if b"\xff\xd8\xff\xe0\x00\x10JFIF" in path.read_bytes()]
    assert not pictures, f"the browser kept pictures: {pictures}"
