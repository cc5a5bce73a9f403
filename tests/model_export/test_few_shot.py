"""Adaptation is measured on pictures that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from classifier_service.classifier import Classifier
from model_export import few_shot
from model_export.few_shot import REPORTED, SHOTS_FROM, choose, new_label, shifted
from model_export.few_shot_faces import Faces, parts_of, read


@pytest.fixture(scope="module")
def faces() -> Faces:
    """Noise, as the shipped model sees it, of eight classes in turn."""
    images = np.random.default_rng(4).integers(0, 256, (240, 48, 48), np.uint8)
    return read(Classifier.load("default"), images, np.arange(240) % 8, parts_of(images))


@pytest.fixture
def shown(monkeypatch):
    """The embeddings of all shots that are adapted to."""
    seen = []
    original = few_shot.adapt
    monkeypatch.setattr(
        few_shot, "adapt", lambda shots, model: seen.extend(s.embedding for s in shots) or original(shots, model)
    )
    return seen


def known(faces: Faces, parts: tuple[int, ...]) -> set[tuple[float, ...]]:
    return {tuple(row) for row in faces.within(*parts).embeddings.tolist()}


def test_twins_fall_into_one_part_and_all_parts_are_used():
    images = np.random.default_rng(1).integers(0, 256, (80, 48, 48), np.uint8)
    assert set(parts_of(images)) == {*SHOTS_FROM, *REPORTED}
    assert parts_of(images[::-1]).tolist() == parts_of(images)[::-1].tolist()


def test_shots_and_what_is_reported_on_are_other_pictures(faces, shown):
    seven = faces.take(faces.truth < 7)
    new_label(faces, draws=2)
    shifted({"no shift": seven}, draws=2)
    assert {tuple(row) for row in shown} <= known(faces, SHOTS_FROM)
    assert not known(faces, SHOTS_FROM) & known(faces, REPORTED)


def test_knobs_are_chosen_without_what_is_reported_on(faces, shown, monkeypatch):
    measured = []
    original = few_shot.plain
    monkeypatch.setattr(few_shot, "plain", lambda tested: measured.append(tested) or original(tested))
    monkeypatch.setattr(few_shot, "GRID", {"EVENNESS": (0.0, 0.5)})
    monkeypatch.setattr(few_shot, "CHOICE_DRAWS", 2)
    rows = choose(faces, {"no shift": faces.take(faces.truth < 7)})
    assert {row["EVENNESS"] for row in rows} == {0.0, 0.5}
    used = {tuple(row) for row in shown}.union(*(known(tested, (0, 1, 2, 3)) for tested in measured))
    assert used <= known(faces, SHOTS_FROM)


def test_rows_tell_what_is_lost_and_won_back(faces):
    seven = faces.take(faces.truth < 7)
    dimmed = Faces(seven.embeddings[::-1].copy(), seven.truth, seven.parts)
    rows = {(row["case"], row["measure"]): row for row in shifted({"no shift": seven, "dim": dimmed}, draws=3)}
    assert rows["no shift", "accuracy"]["lost"] == 0
    dim = rows["dim", "accuracy"]
    assert dim["lost"] == pytest.approx(rows["no shift", "accuracy"]["before"] - dim["before"], abs=1e-4)
    assert dim["after"] == pytest.approx(dim["before"] + dim["gain"], abs=2e-4)
