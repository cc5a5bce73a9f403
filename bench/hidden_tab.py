"""Answers a second that the page gets while its tab is hidden: ``python -m bench.hidden_tab [--page URL] [--demo]``.

Starts the product (or takes the running page at URL), opens it in a Chromium with real windows on a virtual display,
puts another tab in front, and counts. Prints JSON: answers a second in front and hidden, and how often the hidden
page's own 20 ms timer fired a second, which shows how far the page was slowed down. Needs Xvfb and Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from moodstream.hardware import hardware
from tests.e2e.clip import write_clip
from tests.e2e.headed import Tab, display, window
from tests.running import moodstream_up

CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


def rate(page: Tab, counter: str, seconds: float) -> float:
    """How often a counter of the page goes up, a second."""
    begin, before = time.monotonic(), page.evaluate(counter)
    time.sleep(seconds)
    after = page.evaluate(counter)
    return round((after - before) / (time.monotonic() - begin), 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", help="address of a running page")
    parser.add_argument("--demo", action="store_true", help="the simulated class instead of one face at the webcam")
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    chromium = shutil.which("chromium") or "chromium"
    with ExitStack() as open_ones:
        folder = Path(open_ones.enter_context(tempfile.TemporaryDirectory()))
        clip = write_clip(folder / "clip.mjpeg")
        address = options.page or open_ones.enter_context(moodstream_up()).page
        screen = open_ones.enter_context(display())
        flags = (*CAMERA, f"--use-file-for-fake-video-capture={clip}")
        browser = open_ones.enter_context(window(chromium, screen, *flags))
        page = open_ones.enter_context(browser.tab(address + ("?demo=1" if options.demo else "")))
        if not options.demo:
            page.wait("document.querySelector('[data-act=agree]')?.disabled === false", 120)
            page.evaluate("document.querySelector('[data-act=agree]').click()")
        page.wait("window.__moodstream?.boxes.length", 120)
        time.sleep(5)
        in_front = rate(page, "window.__moodstream.answered", options.seconds)
        open_ones.enter_context(browser.tab("about:blank"))
        page.wait("document.hidden", 10)
        page.evaluate("{ window.ticks = 0; setInterval(() => (window.ticks += 1), 20); }")
        time.sleep(5)
        hidden = rate(page, "window.__moodstream.answered", options.seconds)
        ticks = rate(page, "window.ticks", options.seconds)
        found = {
            "source": "class" if options.demo else "one face",
            "seconds": options.seconds,
            "hidden": page.evaluate("document.hidden"),
            "answers_a_second_in_front": in_front,
            "answers_a_second_hidden": hidden,
            "page_timer_a_second_hidden": ticks,
            "faces": page.evaluate("window.__moodstream.last.faces.length"),
            "hardware": hardware(),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
