"""The page's own scripts, tested by Node's test runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _node() -> str:
    """Node from PATH, else the one that Playwright brings along."""
    if found := shutil.which("node"):
        return found
    driver = pytest.importorskip("playwright._impl._driver", reason="no Node: apt-get install nodejs")
    return str(driver.compute_driver_executable()[0])


@pytest.mark.parametrize("file", sorted(HERE.glob("*/*.test.mjs")), ids=lambda file: file.name)
def test_scripts(file: Path) -> None:
    done = subprocess.run(
        [_node(), "--test", "--test-reporter=tap", file], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n# pass 0\n" not in done.stdout, "nothing was tested"
