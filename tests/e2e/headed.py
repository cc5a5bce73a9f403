"""A Chromium with real windows on a virtual display, spoken to over its DevTools protocol alone.

Playwright keeps every page awake; to see what a browser does with a hidden tab, nothing may interfere.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

REMEDY = "no Xvfb: apt-get install xvfb"
_START_S = 60


@contextmanager
def display() -> Iterator[str]:
    """A virtual display's name until the block ends.

    Raises:
        FileNotFoundError: there is no Xvfb.
    """
    if shutil.which("Xvfb") is None:
        raise FileNotFoundError(REMEDY)
    ours, theirs = os.pipe()
    command = ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=[theirs], stderr=subprocess.DEVNULL)
    os.close(theirs)
    try:
        with os.fdopen(ours) as pipe:
            yield f":{pipe.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)


class Tab:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv(timeout=60))).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited, as if the user had just clicked."""
        how = {"awaitPromise": True, "returnByValue": True, "userGesture": True}
        result = self.call("Runtime.evaluate", expression=expression, **how)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, condition: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < end, f"not within {seconds} s: {condition}"
            time.sleep(0.2)


class Browser:
    """Tabs of one window."""

    def __init__(self, address: str, pid: int) -> None:
        self._address, self._pid = address, pid

    @contextmanager
    def tab(self, url: str) -> Iterator[Tab]:
        """A new tab, in front of the others."""
        target = httpx.put(f"{self._address}/json/new?about:blank", timeout=30).json()
        with connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
            tab = Tab(socket)
            tab.call("Page.navigate", url=url)
            yield tab

    def memory_mb(self) -> dict[str, float]:
        """Memory of the browser's processes by kind, in MB; what several share is split among them."""
        found: dict[str, float] = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if not _descends(int(process.name), self._pid):
                    continue
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                pss = (process / "smaps_rollup").read_text().split("Pss:")[1].split()[0]
            except (OSError, IndexError):
                continue  # it has ended meanwhile
            kind = command.split("--type=")[1].split()[0] if "--type=" in command else "browser"
            found[kind] = found.get(kind, 0) + int(pss) / 1024
        return found


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


@contextmanager
def window(chromium: str, display: str, *flags: str) -> Iterator[Browser]:
    """A browser with one window on a display until the block ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            chromium,
            "--no-sandbox",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            *flags,
            "about:blank",
        ]
        process = subprocess.Popen(
            command, env={**os.environ, "DISPLAY": display}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            port = _port(Path(folder) / "DevToolsActivePort")
            yield Browser(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(file: Path) -> int:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text()):
            return int(text.split()[0])
        time.sleep(0.1)
    raise AssertionError("the browser did not start")
