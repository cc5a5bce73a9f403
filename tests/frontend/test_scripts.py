"""The page's own scripts, tested by Node's test runner."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def node() -> str:
    """Node from PATH, else the one that Playwright brings along, if it runs here."""
    if found := shutil.which("node"):
        return found
    driver = pytest.importorskip("playwright._impl._driver", reason="no Node: apt-get install nodejs")
    brought = str(driver.compute_driver_executable()[0])
    tried = subprocess.run([brought, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode and os.environ.get("MOODSTREAM_REQUIRE_BROWSER") != "1":
        pytest.skip(f"Playwright's Node does not run: apt-get install libatomic1, or nodejs ({tried.stderr.strip()})")
    return brought


@pytest.mark.parametrize("file", sorted(HERE.glob("*/*.test.mjs")), ids=lambda file: file.name)
def test_scripts(node: str, file: Path) -> None:
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", file], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0\n" not in done.stdout, "nothing was tested"
