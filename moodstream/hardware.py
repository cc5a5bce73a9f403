"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def hardware() -> str:
    """Processor and cores, as the figures should be quoted."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{name}, {os.cpu_count()} cores"
