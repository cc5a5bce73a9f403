"""The private folder of uploads and results: a session's files go when its page closes, and soon in any case."""

from __future__ import annotations

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
        self._folder = tempfile.TemporaryDirectory(prefix="moodstream-page-")
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
