"""Pictures and videos are found where they are named, and told apart by what they hold."""

import io
import sys

import pytest

from moodstream.inputs import gather
from tests.pictures import encoded

JPEG, PNG, WEBP = encoded("JPEG"), encoded("PNG"), encoded("WEBP")


@pytest.fixture
def folder(tmp_path):
    files = {
        "b.jpg": JPEG,
        "a.png": PNG,
        "no-suffix": WEBP,
        "clip.MP4": b"\0\0\0 ftypisom",
        "notes.txt": b"notes",
        "a.annotated.png": PNG,
        "clip.annotated.mp4": b"\0\0\0 ftypisom",
        ".hidden.jpg": JPEG,
        ".cache/x.jpg": JPEG,
        "inner/a.jpg": JPEG,
        "inner/bare.mjpeg": JPEG * 2,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_folder_gives_what_can_be_read_and_none_of_our_copies(folder):
    inputs, errors = gather([str(folder)])
    assert errors == []
    assert [(i.name.removeprefix(f"{folder}/"), i.kind) for i in inputs] == [
        ("a.png", "picture"),
        ("b.jpg", "picture"),
        ("clip.MP4", "video"),
        ("inner/a.jpg", "picture"),
        ("inner/bare.mjpeg", "video"),
        ("no-suffix", "picture"),
    ]
    assert str(inputs[3].copy) == "inner/a.annotated"


def test_a_named_file_is_tried_whatever_its_name(folder):
    inputs, errors = gather([str(folder / "notes.txt"), str(folder / "a.annotated.png")])
    assert [i.kind for i in inputs] == ["video", "picture"] and errors == []


def test_copies_do_not_overwrite_each_other(folder):
    inputs, _ = gather([str(folder / "a.png"), str(folder / "inner" / "a.jpg"), str(folder / "a.png")])
    assert [str(i.copy) for i in inputs] == ["a.annotated", "a-2.annotated", "a-3.annotated"]


def test_what_is_missing_or_empty_is_told_and_the_rest_goes_on(tmp_path, folder):
    (tmp_path / "nothing").mkdir()
    inputs, errors = gather([str(tmp_path / "nothing"), str(tmp_path / "gone.mp4"), str(folder / "b.jpg")])
    assert len(inputs) == 1
    assert "neither a picture (JPEG, PNG, WebP) nor a video in this folder" in str(errors[0])
    assert str(errors[1]).endswith("gone.mp4: No such file or directory")


class Piped:
    def __init__(self, content, terminal=False):
        self.buffer, self.terminal = io.BufferedReader(io.BytesIO(content)), terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    ("content", "kind", "seekable"),
    [
        (JPEG, "picture", True),
        (b"\0\0\0 ftypisom and more", "video", True),
        (b"\x1aE\xdf\xa3 and more", "video", False),
    ],
)
def test_standard_input_is_told_apart_too(monkeypatch, content, kind, seekable):
    monkeypatch.setattr(sys, "stdin", piped := Piped(content))
    (one,), errors = gather(["-"])
    assert (one.name, one.kind, errors) == ("stdin", kind, [])
    assert (one.source is not piped.buffer) == seekable, "an MP4 may have its index at its end"
    assert one.source.read() == content
    one.source.close()


@pytest.mark.parametrize(
    ("piped", "said"), [(Piped(b""), "nothing came in"), (Piped(b"", True), "nothing is piped in")]
)
def test_standard_input_without_anything(monkeypatch, piped, said):
    monkeypatch.setattr(sys, "stdin", piped)
    inputs, (error,) = gather(["-"])
    assert inputs == [] and said in str(error)
