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


@pytest.mark.parametrize(("told", "message"), [("nan", "is no probability"), ("often", "does not tell its name")])
def test_a_threshold_that_is_none_is_refused(tmp_path, told, message):
    model = onnx.load(MODELS / "default.onnx")
    (threshold,) = (fact for fact in model.metadata_props if fact.key == "unsure_below")
    threshold.value = told
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match=message):
        Classifier.load(str(tmp_path / "other.onnx"))


def test_a_model_for_one_crop_at_a_time_is_refused_in_one_line(tmp_path):
    model = onnx.load(MODELS / "default-float32.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, tmp_path / "one.onnx")
    with pytest.raises(ModelError, match="cannot read 2 crops at once") as caught:
        Classifier.load(str(tmp_path / "one.onnx"))
    assert "\n" not in str(caught.value)


def test_outputs_of_another_shape_are_refused(tmp_path):
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["n", 48, 48])
    flat = [helper.make_tensor_value_info(name, TensorProto.INT64, ["n"]) for name in ("probabilities", "embedding")]
    nodes = [helper.make_node("Shape", ["crops"], [out.name]) for out in flat]
    graph = helper.make_graph(nodes, "flat", [crops], flat)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "flat.onnx"
    )
    with pytest.raises(ModelError, match="a classifier gives 7 probabilities"):
        Classifier.load(str(tmp_path / "flat.onnx"))


def test_processors_without_vnni_do_not_overflow():
    weights = [onnx.numpy_helper.to_array(t) for t in onnx.load(MODELS / "default.onnx").graph.initializer]
    integers = [weight for weight in weights if weight.dtype == np.int8]
    assert integers
    assert all(np.abs(weight.astype(int)).max() <= 64 for weight in integers)


def test_another_kind_of_model_is_refused(tmp_path):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="a classifier takes crops uint8"):
        Classifier.load(str(tmp_path / "other.onnx"))
