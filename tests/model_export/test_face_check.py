"""The net that checks for faces, taught a little on what the test draws."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not here: see model_export/README.md for its environment")

from model_export import face_check  # noqa: E402
from model_export.data import Split  # noqa: E402
from model_export.face_crops import Maker  # noqa: E402


def drawn_faces(n: int) -> np.ndarray:
    """Bright discs with eyes and a mouth."""
    picture = np.full((48, 48), 60, np.uint8)
    cv2.circle(picture, (24, 24), 20, 200, -1)
    for x in (17, 31):
        cv2.circle(picture, (x, 20), 3, 30, -1)
    cv2.line(picture, (17, 33), (31, 33), 30, 2)
    return np.repeat(picture[None], n, 0)


def test_a_net_learns_faces_from_stripes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODSTREAM_DATA", str(tmp_path))
    for part in ("train", "validation"):
        Split(drawn_faces(40), np.zeros(40, np.int64)).save(tmp_path / f"{part}.npz")
    folder = tmp_path / "faceless"
    folder.mkdir()
    stripes = (127 + 120 * np.sin(np.arange(200) / 3)).astype(np.uint8)
    cv2.imwrite(str(folder / "stripes.png"), np.repeat(stripes[None], 200, 0))
    for name, value in {
        "EPOCHS": 3,
        "FACES": 300,
        "EMPTY": 300,
        "TRIED": 200,
        "HARDEST": 50,
        "BATCH": 50,
        "TOLD": 50,
    }.items():
        monkeypatch.setattr(face_check, name, value)
    net = face_check.train(folder, None)
    maker = Maker(drawn_faces(2), face_check.read_folder(folder), 5)
    faces, empty = (np.stack([make() for _ in range(50)]) for make in (maker.face, maker.square))
    assert (face_check.odds(net, faces) > 0).mean() > 0.9 > 0.1 > (face_check.odds(net, empty) > 0).mean()


def test_a_folder_without_pictures_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="holds no picture"):
        face_check.read_folder(tmp_path / "none")
