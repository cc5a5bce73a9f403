"""A worker imports the service of its own queue only: its image holds nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "foreign"), [("worker.classify", "detector_service"), ("worker.read_frame", "classifier_service")]
)
def test_a_worker_knows_one_service(module, foreign):
    program = f"import sys, {module}; assert not [m for m in sys.modules if m.startswith('{foreign}')]"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_queue_is_refused_in_one_line():
    done = subprocess.run([sys.executable, "-m", "worker", "fases"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "usage: python -m worker faces|recorded|frames|faces,recorded"
