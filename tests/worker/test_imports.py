"""A worker imports the service of its own queue only: its image holds nothing else."""

from __future__ import annotations

import os
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


@pytest.mark.parametrize("queues", ["faces", "faces,recorded"])
def test_a_wrong_model_ends_the_worker_in_one_line(queues, tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"no model")
    for model, words in (("nope", "there is no file"), (str(damaged), "is not a readable ONNX file")):
        done = subprocess.run(
            [sys.executable, "-m", "worker", queues],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "MOODSTREAM_MODEL": model},
        )
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        assert done.returncode == os.EX_CONFIG
        assert {line.partition("MOODSTREAM_MODEL=")[2].startswith(repr(model)) for line in lines} == {True}
        assert all(words in line for line in lines)
