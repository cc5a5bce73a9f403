"""What the tests of the other tabs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image


def open_tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def write_portrait(path: Path) -> Path:
    """The public-domain portrait as a file of the kind that the name tells."""
    from skimage.data import astronaut

    Image.fromarray(astronaut()).save(path)
    return path


def download(page: Any, selector: str) -> Path:
    """Press a download button and wait for its file."""
    button = page.locator(f"{selector}:not([disabled])")
    button.wait_for()
    with page.expect_download() as waiting:
        button.click()
    return Path(waiting.value.path())


def result_paths(page: Any, selector: str) -> list[Path]:
    """Where the page's server keeps the files that an element shows."""
    page.locator(selector).first.wait_for(state="attached")
    sources = page.eval_on_selector_all(selector, "all => all.map((one) => decodeURIComponent(one.src))")
    return [Path(source.split("/file=")[1].split("?")[0]) for source in sources]
