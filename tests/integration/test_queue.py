"""The queue as other services use it: a bare Celery app, msgpack, and nothing of ours installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier_service.classifier import Classifier

SENDER = Path(__file__).with_name("foreign_sender.py")


@pytest.fixture(scope="module")
def answers(product, picture, tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "face.jpg").write_bytes(picture)
    done = subprocess.run(
        [sys.executable, str(SENDER), product.queue, "face.jpg"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_crops_come_back_as_probabilities(answers):
    reply = answers["crops"]
    assert (reply["v"], reply["status"]) == (1, "ok")
    assert [len(row) for row in reply["probabilities"]] == [7, 7]
    assert [sum(row) for row in reply["probabilities"]] == pytest.approx([1, 1], abs=1e-4)
    assert reply["embeddings"] is None
    assert reply["classify_ms"] > 0


def test_late_work_is_answered_stale_and_not_done(answers):
    assert (answers["late"]["status"], answers["late"]["probabilities"]) == ("stale", None)


def test_a_picture_comes_back_as_the_answer_of_http(answers):
    frame = answers["frame"]
    assert frame["status"] == "ok"
    assert len(frame["faces"]) == 1
    assert frame["faces"][0]["label"]
    assert frame["detector"] == "mediapipe"


def test_rubbish_is_an_answer_and_wrong_sizes_are_a_clear_failure(answers):
    assert answers["rubbish"]["status"] == "error"
    assert answers["rubbish"]["error"]["message"]
    assert "3 crops are 6912 bytes, 4608 came" in answers["wrong"]


def test_embeddings_come_when_asked_for(answers):
    width = Classifier.load("default").classify(np.zeros((1, 48, 48), np.uint8)).embeddings.shape[1]
    assert answers["embedding_bytes"] == 2 * width * 4
