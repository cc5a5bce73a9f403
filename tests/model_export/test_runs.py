"""Runs from their first epoch to a student: resumed, of every architecture, compared and reproduced."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not here: see model_export/README.md for its environment")

from classifier_service.classifier import MODELS  # noqa: E402
from model_export import compare, mobilenet, reproduce  # noqa: E402
from model_export.architectures import load_net, make_net  # noqa: E402
from model_export.data import runs_folder  # noqa: E402
from model_export.evaluate import evaluate, logs_of  # noqa: E402
from model_export.export import export  # noqa: E402
from model_export.recipe import Recipe  # noqa: E402
from model_export.train import Run, alone, train  # noqa: E402

TINY = Recipe(name="tiny", epochs=2, decay_epochs=1, large_epochs=1, width=8, batch=32, average=0.9)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Folders with pictures drawn for the quick form."""
    monkeypatch.setenv("MOODSTREAM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MOODSTREAM_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(reproduce, "QUICK_PICTURES", 96)
    for seed, part in enumerate(("train", "validation")):
        reproduce._drawn(seed).save(tmp_path / "data" / f"{part}.npz")
    return tmp_path


def weights(run: str) -> dict:
    return load_net(run)[0].state_dict()


def losses(run: str) -> list[float]:
    """What a run's log tells of each epoch."""
    return [json.loads(line)["loss"] for line in (runs_folder() / run / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("saves", "epochs"), [(1, 0), (2, 1)], ids=["within an epoch", "between epochs"])
def test_a_run_that_was_cut_off_ends_like_one_that_was_not(folders, monkeypatch, saves, epochs):
    class CutOff(Exception):  # noqa: N818
        """The machine goes away after a checkpoint."""

    train(replace(TINY, name="whole"))
    monkeypatch.setattr("model_export.train.SAVE_EVERY_S", 0)
    with monkeypatch.context() as patch:
        save, done = Run.save, []

        def cut(run):
            save(run)
            done.append(run.step)
            if len(done) == saves:
                raise CutOff

        patch.setattr(Run, "save", cut)
        with pytest.raises(CutOff):
            train(replace(TINY, name="cut"))
    assert done == [1, 0][:saves]  # steps into the epoch
    assert load_net("cut")[1]["epochs_done"] == epochs
    train(replace(TINY, name="cut"))
    whole, cut_off = weights("whole"), weights("cut")
    assert all(torch.equal(whole[name], cut_off[name]) for name in whole)
    assert losses("cut") == losses("whole")


def test_a_run_is_trained_by_one_process_at_a_time(folders):
    with alone(folders / "runs" / "tiny"), pytest.raises(SystemExit, match="another process trains this run"):
        train(TINY)
    train(TINY)


def test_the_mean_of_two_runs_lies_between_them(folders):
    train(TINY)
    train(replace(TINY, name="next", seed=2, start="tiny"))
    one, other, mean = weights("tiny"), weights("next"), weights("tiny+next")
    assert torch.allclose(mean["label_head.weight"], (one["label_head.weight"] + other["label_head.weight"]) / 2)
    assert load_net("tiny+next")[1]["name"] == "tiny+next"
    train(replace(TINY, name="wide", width=16))
    with pytest.raises(SystemExit, match="several nets"):
        load_net("tiny+wide")


def test_the_logs_of_a_models_runs_are_kept_beside_it_and_drawn(folders):
    train(TINY)
    train(replace(TINY, name="next", seed=2, start="tiny", epochs=1))
    file = export("tiny+next", "mine", folder=folders)
    assert [(run, len(lines)) for run, lines in logs_of(file).items()] == [("tiny", 2), ("next", 1)]
    evaluate(file, folders / "figures")
    drawn = {plot.stem for plot in (folders / "figures").glob("*.png")}
    assert drawn == {"classes", "confusion", "reliability", "coverage", "conditions", "learning"}


def test_the_logs_of_teachers_are_kept_too(folders):
    for seed in (1, 2):
        train(replace(TINY, name=f"teacher-{seed}", seed=seed, epochs=1))
    train(replace(TINY, name="student", start="teacher-2", teachers="teacher-1,teacher-2", epochs=1))
    assert list(logs_of(export("student", "mine", folder=folders))) == ["teacher-2", "teacher-1", "student"]


def test_a_checkpoint_from_before_a_knob_was_there_is_resumed(folders):
    train(TINY)
    file = folders / "runs" / "tiny" / "checkpoint.pt"
    state = torch.load(file, weights_only=True)
    for knob in ("architecture", "teachers", "taught", "optimiser"):
        del state["recipe"][knob]
    torch.save(state, file)
    train(TINY)
    assert load_net("tiny")[1]["epochs_done"] == 2
    with pytest.raises(SystemExit, match="made by another recipe"):
        train(replace(TINY, rate=0.5))


@pytest.mark.parametrize(
    "knobs",
    [
        {"architecture": "cnn", "optimiser": "adam", "rate": 0.001, "augmented": False, "warmup_epochs": 0.0},
        {"architecture": "cnn"},
        {"architecture": "mobilenet_v2", "optimiser": "adam", "rate": 0.001, "frozen_epochs": 1},
    ],
)
def test_other_nets_go_through_the_same_command(folders, knobs):
    train(replace(TINY, **knobs))
    lines = (folders / "runs" / "tiny" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2]
    assert load_net("tiny")[1]["architecture"] == knobs["architecture"]


def test_frozen_epochs_train_the_heads_alone(folders):
    torch.manual_seed(TINY.seed)
    before = make_net("ours", 8).state_dict()
    train(replace(TINY, frozen_epochs=2, average=0.0))
    after = weights("tiny")
    same = {name for name in before if torch.equal(before[name], after[name])}
    assert {name for name in before if name.startswith("features.")} <= same
    assert "label_head.weight" not in same


def public_weights(folder, change=None):
    """A file as the public ones are: a backbone's layers, and a classifier of a thousand classes."""
    torch.manual_seed(3)
    state = {name: torch.randn_like(value) if value.ndim else value for name, value in backbone().items()}
    state |= {"classifier.1.weight": torch.zeros(1000, 1280), "classifier.1.bias": torch.zeros(1000)}
    state |= change or {}
    torch.save(state, folder / "mobilenet.pth")
    return folder / "mobilenet.pth", state


def backbone() -> dict:
    return mobilenet.Backbone().state_dict()


def test_a_pretrained_backbone_is_loaded_from_a_file(tmp_path):
    file, state = public_weights(tmp_path)
    net = make_net("mobilenet_v2", 0, str(file))
    assert len(backbone()) == 312  # layers and statistics that the public file has, by the paper's table
    assert all(torch.equal(value, state[name]) for name, value in net.features.state_dict().items())


def test_a_pretrained_backbone_comes_from_the_hub(tmp_path, monkeypatch):
    _, state = public_weights(tmp_path)
    asked = []
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda url, **_: asked.append(url) or state)
    net = make_net("mobilenet_v2", 0, "hub")
    assert asked == [mobilenet.HUB]
    assert torch.equal(net.features.state_dict()["features.0.0.weight"], state["features.0.0.weight"])


def test_weights_that_cannot_be_used_are_told_in_one_line(tmp_path):
    file, _ = public_weights(tmp_path, {"features.0.0.weight": torch.zeros(3)})
    with pytest.raises(SystemExit, match="not the weights of a MobileNetV2"):
        make_net("mobilenet_v2", 0, str(file))
    with pytest.raises(SystemExit, match="No such file"):
        make_net("mobilenet_v2", 0, str(tmp_path / "none.pth"))
    with pytest.raises(SystemExit, match="--weights are for mobilenet_v2"):
        make_net("ours", 8, str(file))


def test_without_a_way_to_the_hub_the_net_starts_from_scratch_and_says_so(folders, monkeypatch, caplog):
    def unreachable(*_, **__):
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    caplog.set_level("INFO")
    afresh = replace(TINY, architecture="mobilenet_v2", optimiser="adam", rate=0.001, epochs=1)
    train(replace(afresh, name="alone"))
    train(replace(afresh, weights="hub", frozen_epochs=1))
    assert "no route" in caplog.text and "from scratch" in caplog.text
    assert load_net("tiny")[1]["weights"] == ""
    one, other = weights("alone"), weights("tiny")
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_quick_form_makes_a_student_of_two_teachers_and_measures_it(folders, caplog):
    caplog.set_level("INFO")
    reproduce.quick(None)
    assert "every step works" in caplog.text
    assert "teachers on validation" in caplog.text


def test_the_shipped_file_was_made_by_the_committed_recipes():
    """Threads and the width of numbers are the machine's, everything else is as it was when the runs were made."""
    shipped = json.loads((MODELS / "default.json").read_text())["recipe"]
    logged = [json.loads(line) for line in (MODELS / "default.jsonl").read_text().splitlines()]
    runs = Path(reproduce.PLOTS).parent / "runs"
    recipes = {recipe.name: recipe for recipe in chain(*reproduce.STAGES)}
    assert shipped["name"] == reproduce.SHIPPED
    assert set(recipes) == {line["run"] for line in logged}
    for name, recipe in recipes.items():
        kept = json.loads((runs / f"{name}.json").read_text())
        made = {**kept["recipe"], "threads": recipe.threads, "bfloat16": recipe.bfloat16}
        assert asdict(recipe).items() <= made.items()
        assert [{"run": name, **line} for line in kept["log"]] == [line for line in logged if line["run"] == name]
        assert len(kept["log"]) == recipe.epochs


def test_seeds_are_compared_with_mean_and_spread(folders):
    for seed in (1, 2):
        train(replace(TINY, name=f"tiny-{seed}", seed=seed))
    (row,) = compare.compare(compare.records_of(["tiny"]))
    cards = [json.loads((folders / "runs" / f"tiny-{seed}" / "model.json").read_text()) for seed in (1, 2)]
    assert row["seeds"] == 2
    assert row["accuracy"]["mean"] == pytest.approx(np.mean([card["accuracy"] for card in cards]))
    assert row["accuracy"]["spread"] == pytest.approx(np.std([card["accuracy"] for card in cards], ddof=1))
    assert "| tiny | ours | 2 |" in compare.table([row])
    (folders / "runs" / "tiny-3").mkdir()
    state = torch.load(folders / "runs" / "tiny-2" / "checkpoint.pt", weights_only=True)
    torch.save({**state, "epoch": 1}, folders / "runs" / "tiny-3" / "checkpoint.pt")
    assert compare.runs_of("tiny", None) == ["tiny-1", "tiny-2"]
    with pytest.raises(SystemExit, match="no finished run 'other'"):
        compare.records_of(["other"])


def test_what_is_kept_of_runs_stands_for_them_on_another_machine(folders, tmp_path, monkeypatch):
    for seed in (1, 2):
        train(replace(TINY, name=f"tiny-{seed}", seed=seed, epochs=1))
    kept = tmp_path / "kept"
    records = compare.records_of(["tiny"], kept)
    assert [len(json.loads(file.read_text())["log"]) for file in sorted(kept.iterdir())] == [1, 1]
    monkeypatch.setenv("MOODSTREAM_RUNS", str(tmp_path / "elsewhere"))
    assert compare.records_of(["tiny"], kept) == records
