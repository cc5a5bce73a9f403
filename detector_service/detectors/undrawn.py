"""Lets MediaPipe be imported without matplotlib, which it asks for only to plot landmarks: never here."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def stand_in_for_matplotlib() -> None:
    """Put empty modules where matplotlib is not installed; it is 80 MB and a second of every start."""
    if "matplotlib" in sys.modules or importlib.util.find_spec("matplotlib") is not None:
        return
    sys.modules["matplotlib"], sys.modules["matplotlib.pyplot"] = ModuleType("matplotlib"), ModuleType("pyplot")
