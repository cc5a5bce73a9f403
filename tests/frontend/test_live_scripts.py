"""The live page's scripts without a browser: the tests beside this file, written for Node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("live")


def _node() -> str:
    """Node from PATH, else the one inside Playwright."""
    if found := shutil.which("node"):
        return found
    driver = pytest.importorskip("playwright._impl._driver", reason="no Node: install nodejs or the package playwright")
    return str(driver.compute_driver_executable()[0])


@pytest.mark.parametrize("script", sorted(path.name for path in FOLDER.glob("*.test.mjs")))
def test_the_scripts_pass_their_tests(script: str) -> None:
    run = subprocess.run(
        [_node(), "--test", "--test-reporter=tap", str(FOLDER / script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "TZ": "UTC"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n# fail 0\n" in run.stdout
    assert "\n# pass 0\n" not in run.stdout, "nothing was tested"
