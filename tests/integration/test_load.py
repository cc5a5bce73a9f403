"""The simulated class comes in through the page as browsers do, and misses no answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import Running

ROOT = Path(__file__).parents[2]


def load(*arguments: str) -> dict:
    command = [sys.executable, "-m", "bench.load", *arguments, "--faces", "2", "--size", "640x360"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("mode", ["live", "recorded"])
def test_every_frame_of_every_step_is_answered(product: Running, mode):
    report = load(product.page, "--streams", "1,2", "--fps", "4", "--seconds", "4", "--mode", mode)
    assert [step["streams"] for step in report["steps"]] == [1, 2]
    for step in report["steps"]:
        assert step["sent"] > 0
        assert sum(step["answers"].values()) == step["sent"], step
        assert step["unanswered"] == step["unexpected"] == step["streams broken"] == 0, step
        if mode == "recorded":
            assert step["answers"] == {"ok": step["sent"]}, step


def test_straight_to_the_detector(product: Running):
    (step,) = load(product.detector, "--detector", "--fps", "2", "--seconds", "4")["steps"]
    assert step["answers"].get("ok"), step
    assert step["faces a frame"] == pytest.approx(2, abs=0.5)
    assert 0 < step["age ms"]["p50"] <= step["age ms"]["p95"] <= step["age ms"]["p99"]
