"""From a run's checkpoint to a file that the classifier loads."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not here: see model_export/README.md for its environment")

from classifier_service.classifier import Classifier  # noqa: E402
from model_export import export as exporting  # noqa: E402
from model_export.answers import answers_of  # noqa: E402
from model_export.architectures import load_net  # noqa: E402
from model_export.card import time_again  # noqa: E402
from model_export.choose import softmax  # noqa: E402
from model_export.data import Split, plurality  # noqa: E402
from model_export.graph import PARITY, Shipped, check_parity, sign, write_graph  # noqa: E402
from model_export.quantize import Rounding  # noqa: E402
from model_export.recipe import Recipe  # noqa: E402
from model_export.rounding import compare  # noqa: E402
from model_export.train import Run  # noqa: E402
from moodstream.hardware import hardware  # noqa: E402

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
    for part in ("train", "validation"):
        split(200).save(tmp_path / "data" / f"{part}.npz")
    Run(Recipe(name="tiny", width=8), tmp_path / "runs" / "tiny").save()
    return tmp_path


def test_a_run_becomes_a_file_with_its_card(folders):
    classifier = Classifier.load(str(exporting.export("tiny", "mine", folder=folders)))
    card = json.loads((folders / "mine.json").read_text())
    assert card["model"] == classifier.name
    assert card["unsure_below"] == classifier.unsure_below
    assert card["parity"] <= PARITY
    assert 0 <= card["mix"] <= 1
    net, _ = load_net("tiny")
    images = Split.load(folders / "data" / "validation.npz").images
    labels = answers_of(net, images)[0]
    np.testing.assert_allclose(classifier.label_probabilities(images), softmax(labels, 1.0), atol=1e-4)
    assert card["accuracy"] != card["answers_on_labels"]
    text = (folders / "mine.md").read_text()
    assert "Not for" in text and "$" not in text


def test_a_card_tells_what_a_face_costs_here(folders):
    cards = [exporting.export("tiny", name, folder=folders).with_suffix(".json") for name in ("mine", "other")]
    for card in cards:
        card.write_text(json.dumps({**json.loads(card.read_text()), "ms_a_face_one_core_batch_16": 0, "hardware": ""}))
    time_again(cards)
    for card in cards:
        found = json.loads(card.read_text())
        assert found["ms_a_face_one_core_batch_16"] > 0
        assert f"{found['ms_a_face_one_core_batch_16']} ms a face" in card.with_suffix(".md").read_text()
        assert found["hardware"] == hardware()


def test_an_embedding_holds_the_answer_and_scaled_features(folders, monkeypatch):
    monkeypatch.setattr("model_export.embedding.RIDGE", 1e-6)
    classifier = Classifier.load(str(exporting.export("tiny", "mine", folder=folders)))
    pictures = Split.load(folders / "data" / "train.npz")
    result = classifier.classify(pictures.images)
    np.testing.assert_allclose(np.exp(result.embeddings[:, :7]), result.probabilities, atol=1e-5)
    features = result.embeddings[:, 8:]
    crowd = plurality(pictures)
    within = np.concatenate([features[crowd == label] - features[crowd == label].mean(0) for label in range(7)])
    assert features.shape[1] == 32
    assert np.abs(np.cov(within.T) - np.eye(32))[:16, :16].max() < 0.1
    centres = np.stack([features[crowd == label].mean(0) for label in range(7)])
    shares = np.bincount(crowd, minlength=7) / len(crowd)
    densities = features @ centres.T - (centres**2).sum(1) / 2 + np.log(shares)
    np.testing.assert_allclose(result.embeddings[:, 7], np.log(np.exp(densities).sum(1)), atol=0.02)


def test_the_integer_form_is_close_and_ships_only_if_it_is_as_good(folders, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_LOST", 1.0)
    monkeypatch.setattr(exporting, "MOST_MISCALIBRATED", 1.0)
    images = split(64).images
    plain = Classifier.load(str(exporting.export("tiny", "plain", folder=folders))).classify(images)
    file = exporting.export("tiny", "mine", int8=True, folder=folders)
    kinds = {node.op_type for node in onnx.load(file).graph.node}
    assert "QuantizeLinear" in kinds
    assert json.loads(file.with_suffix(".json").read_text())["arithmetic"] == "int8"
    assert (folders / "mine-float32.onnx").is_file()
    assert np.abs(Classifier.load(str(file)).classify(images).probabilities - plain.probabilities).max() < 0.1

    monkeypatch.setattr(exporting, "MOST_LOST", -1.0)
    file = exporting.export("tiny", "kept", int8=True, folder=folders)
    assert "QuantizeLinear" not in {node.op_type for node in onnx.load(file).graph.node}
    assert not json.loads(file.with_suffix(".json").read_text())["int8"]["ships"]


def test_forms_of_rounding_are_compared_with_the_float_file(folders):
    file = exporting.export("tiny", "plain", folder=folders)
    forms = {"more": Rounding(float_convolutions=1), "narrow": Rounding(float_convolutions=1, held=90)}
    plain, more, narrow = compare(file, split(200).images, forms, pictures=60)
    assert (plain["form"], plain["divergence_labels"], plain["changed"]) == ("float", 0, 0)
    assert 0 < more["divergence_labels"] < narrow["divergence_labels"]
    assert min(row["ms_a_face_one_core_batch_16"] for row in (plain, more, narrow)) > 0


def test_a_file_that_differs_from_the_net_is_refused(folders):
    net, _ = load_net("tiny")
    shipped = Shipped(net, exporting.embedding_of(net, split(200)), 1.0)
    write_graph(shipped, folders / "x.onnx")
    sign(folders / "x.onnx", "x", {"unsure_below": "0.3"})
    net.label_head.bias.data[0] += 1
    with pytest.raises(SystemExit, match="differs from PyTorch"):
        check_parity(shipped, folders / "x.onnx", split(8).images)


def test_a_run_that_is_not_there_is_told_with_those_that_are(folders):
    with pytest.raises(SystemExit, match=r"no run 'other'.*runs there: tiny"):
        exporting.export("other", "mine", folder=folders)
