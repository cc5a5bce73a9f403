from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from frontend.shelf import KEEP_S, Shelf


def _file(path: Path, age_s: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def test_the_end_of_a_session_takes_its_files_and_leaves_those_of_others(shelf: Shelf) -> None:
    mine, other = shelf.session("mine"), shelf.session("other")
    own, shared = _file(shelf.root / "a" / "own.png"), _file(shelf.root / "b" / "shared.png")
    mine.uploads |= {own, shared}
    other.uploads.add(shared)
    results = [_file(session.folder / "result.csv") for session in (mine, other)]
    shelf.end("mine")
    assert mine.closed.is_set()
    assert [file.exists() for file in (own, shared, *results)] == [False, True, False, True]
    assert not own.parent.exists()
    shelf.end("other")
    assert list(shelf.root.rglob("*")) == []
    shelf.end("unknown")
    shelf.close()
    assert not shelf.root.exists()


def test_old_files_go_whoever_put_them_there_and_a_session_lives_on(shelf: Shelf) -> None:
    session = shelf.session("mine")
    old = [_file(session.folder / "old.csv", KEEP_S + 1), _file(shelf.root / "c" / "upload.png", KEEP_S + 1)]
    young = _file(session.folder / "young.csv", KEEP_S - 5)
    shelf.sweep()
    assert [file.exists() for file in (*old, young)] == [False, False, True]
    shelf.sweep(time.time() + 2 * KEEP_S)
    assert not session.folder.exists()
    assert shelf.session("mine") is session
    assert session.folder.is_dir()


#: A page that is up: it has an upload, says where, and waits.
_PAGE = """
from frontend.shelf import Shelf
shelf = Shelf()
(shelf.root / "upload.png").write_bytes(b"x")
print(shelf.root, flush=True)
input()
"""


def test_what_a_killed_page_left_goes_at_the_next_start_and_that_of_a_running_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    strangers = [_file(tmp_path / "moodstream-page-file"), _file(tmp_path / "other" / "kept.txt")]
    elsewhere = _file(tmp_path / "other" / "linked.txt")
    (tmp_path / "moodstream-page-link").symlink_to(elsewhere.parent)
    pages = [
        subprocess.Popen([sys.executable, "-c", _PAGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    killed, running = (Path(page.stdout.readline().strip()) for page in pages if page.stdout)
    pages[0].kill()
    pages[0].wait()
    assert (killed / "upload.png").exists()
    shelf = Shelf()
    assert not killed.exists()
    assert (running / "upload.png").exists()
    assert shelf.root.parent == tmp_path
    assert all(file.exists() for file in (*strangers, elsewhere))
    shelf.close()
    pages[1].communicate("\n", timeout=60)
    assert not running.exists()
    pages[0].communicate()
