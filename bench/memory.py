"""Memory of the tab and of the server while the page streams: ``python -m bench.memory [--minutes 10] [--page URL]``.

Starts the product (or takes the running page at URL, whose processes are then not measured), opens the simulated class
in a Chromium with a real window on a virtual display, and looks at the memory of all processes again and again. Prints
JSON: for the tab, its JavaScript heap after a collection and each service the megabytes at the beginning (the median of
the second minute) and at the end (the median of the last), and their growth an hour by a straight line through all
but the first minute. Memory shared by processes is split among them. Needs Xvfb and Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from moodstream.hardware import hardware
from tests.e2e.headed import Browser, Tab, display, window
from tests.running import Running, moodstream_up

EVERY_S = 10
WARM_S = 60


def service_memory_mb(running: Running) -> dict[str, float]:
    """Memory of the product's processes by service, in MB."""
    found: dict[str, float] = defaultdict(float)
    for pid in running.children():
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        name = " ".join(words[2:]).strip() if "-m" in words else Path(words[0]).name
        pss = Path(f"/proc/{pid}/smaps_rollup").read_text().split("Pss:")[1].split()[0]
        found[name] += int(pss) / 1024
    return dict(found)


def sample(browser: Browser, page: Tab, running: Running | None) -> dict[str, float]:
    """Megabytes now."""
    page.call("HeapProfiler.collectGarbage")
    heap = page.call("Runtime.getHeapUsage")["usedSize"] / 2**20
    tab = browser.memory_mb()["renderer"]
    return {"tab": tab, "tab's JavaScript heap": heap, **(service_memory_mb(running) if running else {})}


def summary(samples: list[tuple[float, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Beginning, end and growth of everything that was there throughout."""
    warm = [(seconds, mb) for seconds, mb in samples if seconds >= WARM_S]
    begin = [mb for seconds, mb in warm if seconds < 2 * WARM_S]
    end = [mb for seconds, mb in warm if seconds >= warm[-1][0] - WARM_S]
    found = {}
    for name in set.intersection(*(set(mb) for _, mb in warm)):
        slope, _ = statistics.linear_regression([seconds for seconds, _ in warm], [mb[name] for _, mb in warm])
        found[name] = {
            "begin_mb": round(statistics.median(mb[name] for mb in begin), 1),
            "end_mb": round(statistics.median(mb[name] for mb in end), 1),
            "growth_mb_an_hour": round(slope * 3600, 1),
        }
    return dict(sorted(found.items()))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", help="address of a running page")
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    with ExitStack() as open_ones:
        running = None if options.page else open_ones.enter_context(moodstream_up())
        address = options.page or (running.page if running else "")
        screen = open_ones.enter_context(display())
        browser = open_ones.enter_context(window(shutil.which("chromium") or "chromium", screen))
        page = open_ones.enter_context(browser.tab(f"{address}/?demo=1"))
        page.wait("window.__moodstream?.boxes.length > 20", 300)
        begin, samples = time.monotonic(), []
        while (seconds := time.monotonic() - begin) < 60 * options.minutes:
            samples.append((seconds, sample(browser, page, running)))
            time.sleep(EVERY_S)
        found = {
            "source": "simulated class",
            "minutes": options.minutes,
            "answers": page.evaluate("window.__moodstream.answered"),
            "faces": page.evaluate("window.__moodstream.last.faces.length"),
            "memory": summary(samples),
            "hardware": hardware(),
        }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
