"""The private folder of uploads and results: a session's files go when its page closes, and soon in any case."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Age in seconds at which a file is deleted though its session lives on, and how often that is looked at.
KEEP_S = 14 * 60
SWEEP_EVERY_S = 30
_YOUNG_S = 60
_PREFIX = "moodstream-page-"


@dataclass
class Session:
    """What one open page has: a folder for its results, the uploads that it handed in, what was read in them."""

    folder: Path
    uploads: set[Path] = field(default_factory=set)
    read: dict[str, Any] = field(default_factory=dict)
    closed: threading.Event = field(default_factory=threading.Event)


class Shelf:
    """Sessions by Gradio's session hash. Gradio's own temporary folder is ``root``, so that it serves these files."""

    def __init__(self) -> None:
        _remove_abandoned()
        self._folder, self._held = _own_folder()
        self.root = Path(self._folder.name)
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def session(self, key: str | None) -> Session:
        """The session of an open page; its folder is there."""
        with self._lock:
            session = self._sessions.get(key or "")
            if session is None:
                session = self._sessions[key or ""] = Session(Path(tempfile.mkdtemp(prefix="session-", dir=self.root)))
            session.folder.mkdir(exist_ok=True)
            return session

    def end(self, key: str | None) -> None:
        """Delete everything of a session whose page was closed."""
        with self._lock:
            session = self._sessions.pop(key or "", None)
            if session is None:
                return
            session.closed.set()
            # Equal files of two sessions are one file here.
            shared = set().union(*(other.uploads for other in self._sessions.values()))
        shutil.rmtree(session.folder, ignore_errors=True)
        for upload in session.uploads - shared:
            upload.unlink(missing_ok=True)
            _remove_if_empty(upload.parent)

    def sweep(self, now: float | None = None) -> None:
        """Delete what is older than :data:`KEEP_S` (``now`` in seconds since the epoch), whoever put it here."""
        now = time.time() if now is None else now
        with self._lock:
            for folder, _, names in os.walk(self.root, topdown=False):
                for file in (Path(folder, name) for name in names):
                    if _modified(file, now) < now - KEEP_S:
                        file.unlink(missing_ok=True)
                # A young folder may be one into which an upload is about to be moved.
                if Path(folder) != self.root and _modified(Path(folder), now) < now - _YOUNG_S:
                    _remove_if_empty(Path(folder))

    def close(self) -> None:
        """Delete everything."""
        with self._lock:
            for session in self._sessions.values():
                session.closed.set()
            self._sessions.clear()
        self._folder.cleanup()
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _own_folder() -> tuple[tempfile.TemporaryDirectory[str], int | None]:
    """A new private folder and the open lock on it, which the kernel frees however this process ends."""
    while True:
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
        held = _open_folder(folder.name)
        if held is not None:
            fcntl.flock(held, fcntl.LOCK_EX)
            if Path(folder.name).is_dir():
                return folder, held
            os.close(held)
        folder.cleanup()  # the start of another page took it for abandoned before it was locked


def _remove_abandoned() -> None:
    """Delete folders of pages that were killed before they could: those that nobody holds a lock on."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        held = _open_folder(folder)
        if held is None:
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its page runs
        else:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(held)


def _open_folder(folder: str | Path) -> int | None:
    """None for what is another user's, no folder, or gone meanwhile."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None


def _modified(path: Path, otherwise: float) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # Gradio renames an upload when it is complete
        return otherwise


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # it holds something, or has gone already
