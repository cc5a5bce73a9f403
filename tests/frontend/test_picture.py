from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

from frontend.picture import _reader
from frontend.shelf import Shelf

from .fake_detector import app as detector
from .serving import serving_apart

ASKED: Any = SimpleNamespace(session_hash="one")


def _upload(shelf: Shelf, name: str, data: bytes | None = None) -> str:
    path = shelf.root / "upload" / name
    path.parent.mkdir(exist_ok=True)
    if data is None:
        out = io.BytesIO()
        Image.new("RGB", (200, 100), "grey").save(out, "PNG")
        data = out.getvalue()
    path.write_bytes(data)
    return str(path)


def test_several_pictures_come_back_drawn_tabled_and_to_take_away(shelf: Shelf) -> None:
    paths = [_upload(shelf, "a.png"), _upload(shelf, "no_[1].png", b"nonsense"), _upload(shelf, "b.png")]
    with serving_apart(detector) as port:
        read = _reader(shelf, f"http://127.0.0.1:{port}")
        *_, (gallery, said, rows, table, everything, drawn) = read(paths, ASKED)
        assert "2 faces in 2 pictures" in said
        assert r"**Not read: no\_\[1\].png.** This is not a picture." in said
        assert [row[:3] for row in rows["value"]] == [["a.png", 1, "happy"], ["b.png", 1, "happy"]]
        assert [name for _, name in gallery["value"]] == ["a.png", "b.png"]
        for path, _ in gallery["value"]:
            with Image.open(path) as picture:
                assert picture.size == (200, 100)
        with Path(table["value"]).open(newline="") as file:
            assert [(row["picture"], row["label"], row["happy"]) for row in csv.DictReader(file)] == [
                ("a.png", "happy", "0.78"),
                ("b.png", "happy", "0.78"),
            ]
        told = json.loads(Path(everything["value"]).read_text())["pictures"]
        assert [(one["picture"], one["faces"][0]["label"]) for one in told] == [("a.png", "happy"), ("b.png", "happy")]
        with zipfile.ZipFile(drawn["value"]) as archive:
            assert archive.namelist() == ["a annotated.jpg", "b annotated.jpg"]
        # One picture is handed out as it is, and what was read before is not read again.
        Path(gallery["value"][0][0]).touch()
        *_, (gallery, said, _, _, _, drawn) = read(paths[:1], ASKED)
        assert said.startswith("1 face. Read in")
        assert drawn["value"] == gallery["value"][0][0]
    *_, (gallery, said, rows, *buttons) = read([_upload(shelf, "c.png", b"other")], ASKED)
    assert "cannot be reached" in said
    assert not gallery["value"]
    assert not gallery["visible"]
    assert not any(one["value"] or one["visible"] for one in (rows, *buttons))
    shelf.end("one")
    assert not [path for path in shelf.root.rglob("*") if path.is_file()]


def test_a_picture_that_was_swept_away_says_so(shelf: Shelf) -> None:
    *_, (_, said, *_) = _reader(shelf, "http://127.0.0.1:9")([str(shelf.root / "gone.png")], ASKED)
    assert "deleted after 15 minutes" in said


def test_without_pictures_nothing_is_shown(shelf: Shelf) -> None:
    *_, (gallery, said, rows, *_) = _reader(shelf, "http://127.0.0.1:9")([], ASKED)
    assert (gallery["value"], rows["value"]) == ([], [])
    assert "Results show up here" in said
