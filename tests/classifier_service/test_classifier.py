"""The shipped model keeps its contract, and other files are refused in one clear line."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from classifier_service.classifier import MODELS, Classifier, ModelError


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.load("default")


@pytest.mark.parametrize("n", [1, 7, 49])
def test_any_batch_gives_probabilities_and_embeddings(classifier, n):
    crops = np.random.default_rng(n).integers(0, 256, (n, 48, 48), np.uint8)
    result = classifier.classify(crops)
    assert result.probabilities.shape == (n, 7)
    assert result.probabilities.dtype == np.float32
    np.testing.assert_allclose(result.probabilities.sum(1), 1, atol=1e-5)
    assert (len(result.embeddings), result.embeddings.ndim, result.embeddings.dtype) == (n, 2, np.float32)


def test_a_crop_is_read_alike_alone_and_in_company(classifier):
    crops = np.random.default_rng(0).integers(0, 256, (9, 48, 48), np.uint8)
    alone = np.concatenate([classifier.classify(crop[None]).probabilities for crop in crops])
    np.testing.assert_allclose(classifier.classify(crops).probabilities, alone, atol=1e-5)


def test_the_card_speaks_of_the_file(classifier):
    card = json.loads((MODELS / "default.json").read_text())
    assert card["model"] == classifier.name
    assert card["unsure_below"] == classifier.unsure_below
    assert card["bytes"] == (MODELS / "default.onnx").stat().st_size
    assert card["accuracy"] >= 0.7
    assert card["accuracy_ferplus"] >= 0.84
    assert card["parity"] <= 1e-4


def test_the_single_labels_are_an_output_of_their_own(classifier, tmp_path):
    crops = np.random.default_rng(1).integers(0, 256, (9, 48, 48), np.uint8)
    labels = classifier.label_probabilities(crops)
    answers = classifier.classify(crops).probabilities
    assert labels.shape == answers.shape
    np.testing.assert_allclose(labels.sum(1), 1, atol=1e-5)
    assert np.abs(labels - answers).max() > 0.05
    model = onnx.load(MODELS / "default.onnx")
    kept = [output for output in model.graph.output if output.name != "label_probabilities"]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    onnx.save(model, tmp_path / "one.onnx")
    one = Classifier.load(str(tmp_path / "one.onnx"))
    np.testing.assert_array_equal(one.label_probabilities(crops), one.classify(crops).probabilities)


def test_an_unknown_name_tells_the_known_ones():
    with pytest.raises(ModelError, match=r"MOODSTREAM_MODEL='best'.*models here: default"):
        Classifier.load("best")


def test_a_damaged_file_is_refused(tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes((MODELS / "default.onnx").read_bytes()[:1000])
    with pytest.raises(ModelError, match="not a readable ONNX file"):
        Classifier.load(str(damaged))


def test_another_kind_of_model_is_refused(tmp_path):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="a classifier takes crops uint8"):
        Classifier.load(str(tmp_path / "other.onnx"))
