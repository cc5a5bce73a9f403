"""Lets MediaPipe be imported without matplotlib, which it asks for only to plot landmarks: never here."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def stand_in_for_matplotlib() -> Iterator[None]:
    """Empty modules in matplotlib's place where it is not installed; it is 80 MB and a second of every start.

    They go again afterwards: others, like Gradio, ask whether it is there, and would take them for it.
    """
    if "matplotlib" in sys.modules or importlib.util.find_spec("matplotlib") is not None:
        yield
        return
    names = ("matplotlib", "matplotlib.pyplot")
    sys.modules.update({name: ModuleType(name) for name in names})
    try:
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
