"""Fetches what MediaPipe no longer ships: its face detection model, and GL libraries for a bare Debian.

All of it comes out of an older MediaPipe wheel, from the package index like any dependency. ``python -m
detector_service.models`` fetches ahead of time, as images do.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from moodstream.settings import Settings, settings

log = logging.getLogger(__name__)

_WHEEL = Path(__file__).with_name("mediapipe-models.txt")
SHORT_RANGE = "face_detection_short_range.tflite"

#: Place in the cache → (place in the wheel, sha256). The libraries look for each other beside themselves, GLdispatch
#: under the name that the wheel gave it; libmediapipe.so asks for the plain names of the other two.
_FILES = {
    SHORT_RANGE: (
        f"mediapipe/modules/face_detection/{SHORT_RANGE}",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "lib/libEGL.so.1": (
        "mediapipe.libs/libEGL-48f73270.so.1.1.0",
        "3edbb08f4d962fe93f4aa0c56fafbf09a20ea21ed5a17a22a851375a213a3909",
    ),
    "lib/libGLESv2.so.2": (
        "mediapipe.libs/libGLESv2-ed5eda4f.so.2.1.0",
        "75bd522f5c5626500654699c478c5e4a9249c5ab8c51b0cdb8f248cc70299377",
    ),
    "lib/libGLdispatch-64b28464.so.0.0.0": (
        "mediapipe.libs/libGLdispatch-64b28464.so.0.0.0",
        "269317ddc37066c3e44eb1d713f90cbe42e34994fc58416d67f6e7d029b099b4",
    ),
}


class ModelFilesError(Exception):
    """MediaPipe's files cannot be had; the message says why and what to do."""


def folder(options: Settings) -> Path:
    """Where the files lie once :func:`fetch` has run."""
    return options.cache / "mediapipe"


def fetch(options: Settings) -> Path:
    """Make sure that all files are in the cache, and return its folder; at once when they are.

    Several processes may do this at the same time: each file appears whole or not at all.

    Raises:
        ModelFilesError: no way to the package index, a wrong file, or no room.
    """
    target = folder(options)
    if all(_right(target / name, sha256) for name, (_, sha256) in _FILES.items()):
        return target
    try:
        (target / "lib").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".fetch-") as temporary:
            _unpack(_download(Path(temporary)), Path(temporary), target)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelFilesError(f"MediaPipe's model files cannot be stored in {target}: {error}") from error
    log.info("MediaPipe's model files are in %s", target)
    return target


def library_folder(options: Settings) -> Path | None:
    """The folder to put on ``LD_LIBRARY_PATH`` before a process that detects starts; None where none is needed."""
    if sys.platform != "linux" or (_loads("libEGL.so.1") and _loads("libGLESv2.so.2")):
        return None
    if platform.machine() != "x86_64":
        log.warning("MediaPipe needs libEGL and libGLESv2: install the packages libegl1 and libgles2")
        return None
    return folder(options) / "lib"


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _right(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _download(into: Path) -> Path:
    """The wheel, checked by pip against the hash in mediapipe-models.txt."""
    log.info("Fetching MediaPipe's face detection models (36 MB, once)")
    command = [sys.executable, "-m", "pip", "download", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--python-version", "3.11"]
    command += ["--platform", "manylinux_2_28_x86_64", "--progress-bar", "raw", "--timeout", "20", "--retries", "2"]
    command += ["--require-hashes", "--requirement", str(_WHEEL), "--dest", str(into)]
    said: list[str] = []
    tenths = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # noqa: S603
        assert pip.stdout is not None
        for line in pip.stdout:
            words = line.split()
            if words[:1] != ["Progress"]:
                said.append(line.strip())
            elif len(words) == 4 and int(words[3]) and int(words[1]) * 10 // int(words[3]) > tenths:
                tenths = int(words[1]) * 10 // int(words[3])
                log.info("  %d %% of %d MB", tenths * 10, int(words[3]) // 1_000_000)
    wheels = list(into.glob("*.whl"))
    if pip.returncode or not wheels:
        why = next((line for line in reversed(said) if line.startswith("ERROR")), said[-1] if said else "pip failed")
        raise ModelFilesError(
            f"MediaPipe's model files cannot be fetched: {why}. They come from the package index; "
            "`python -m detector_service.models` tries again"
        )
    return wheels[0]


def _unpack(wheel: Path, temporary: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name, (member, sha256) in _FILES.items():
            fresh = temporary / "file"
            fresh.write_bytes(archive.read(member))
            if not _right(fresh, sha256):
                raise ModelFilesError(f"{member} of {wheel.name} is not the file that was expected")
            fresh.replace(target / name)


def environment(options: Settings) -> dict[str, str]:
    """This process's environment, with ``LD_LIBRARY_PATH`` as a process that detects needs it."""
    found = library_folder(options)
    if found is None:
        return dict(os.environ)
    path = os.environ.get("LD_LIBRARY_PATH")
    return {**os.environ, "LD_LIBRARY_PATH": f"{found}:{path}" if path else str(found)}


def main() -> None:
    """Fetch, say how it goes, and end with status 1 if it does not."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        target = fetch(settings())
    except ModelFilesError as error:
        raise SystemExit(str(error)) from None
    log.info("Ready: %s", target)


if __name__ == "__main__":
    main()
