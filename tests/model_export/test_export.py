"""From a run's checkpoint to a file that the classifier loads."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not here: see model_export/README.md for its environment")

from classifier_service.classifier import Classifier  # noqa: E402
from model_export import export as exporting  # noqa: E402
from model_export.data import Split  # noqa: E402
from model_export.train import Recipe, Run  # noqa: E402

RANDOM = np.random.default_rng(5)


def split(n: int) -> Split:
    votes = np.zeros((n, 10), np.uint8)
    votes[np.arange(n), RANDOM.integers(0, 7, n)] = 10
    return Split(RANDOM.integers(0, 256, (n, 48, 48), np.uint8), RANDOM.integers(0, 7, n), votes)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders for data and runs, with a split to validate on and a run that has hardly begun."""
    monkeypatch.setenv("MOODSTREAM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MOODSTREAM_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(exporting, "MODELS", tmp_path)
    split(160).save(tmp_path / "data" / "validation.npz")
    Run(Recipe(name="tiny", width=8), tmp_path / "runs" / "tiny").save()
    return tmp_path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_run_becomes_a_file_with_its_card(folders):
    exporting.export("tiny", "mine")
    classifier = Classifier.load(str(folders / "mine.onnx"))
    card = json.loads((folders / "mine.json").read_text())
    assert card["model"] == classifier.name
    assert card["unsure_below"] == classifier.unsure_below
    assert card["parity"] <= exporting.PARITY
    assert 0 <= card["mix"] <= 1
    assert "not for judging" in (folders / "mine.md").read_text()


def test_a_file_that_differs_from_the_net_is_refused(folders):
    net, _ = exporting.load_net("tiny")
    with pytest.warns(DeprecationWarning):
        exporting.write_graph(net, 1.0, {"name": "x", "unsure_below": "0.3"}, folders / "x.onnx")
    net.label_head.bias.data[0] += 1
    with pytest.raises(SystemExit, match="differs from PyTorch"):
        exporting.check_parity(net, 1.0, folders / "x.onnx", split(8).images)


def test_the_mix_follows_the_head_that_the_split_needs():
    class Heads(torch.nn.Module):
        """The vote head is right on the votes, the label head on nothing."""

        def heads(self, x):
            n = len(x)
            return torch.zeros(n, 7), torch.eye(7)[torch.arange(n) % 7] * 9, torch.zeros(n, 4)

    n = 14
    votes = np.zeros((n, 10), np.uint8)
    votes[np.arange(n), [4, 5, 6, 1, 3, 2, 0] * 2] = 10
    images = RANDOM.integers(0, 256, (n, 48, 48), np.uint8)
    assert exporting.choose_mix(Heads(), Split(images, np.arange(n) % 7, votes)) > 0
