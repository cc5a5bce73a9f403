"""Keeps native libraries from filling the log while a model loads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hushed(wanted: bool = True) -> Iterator[None]:
    """Drop what native code writes to the standard error stream; no environment variable of MediaPipe does.

    Raised errors come through as ever. Other threads' lines are lost too, so keep the block short.
    """
    if not wanted:
        yield
        return
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
