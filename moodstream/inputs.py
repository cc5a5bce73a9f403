"""What a command line names: pictures, videos, folders of them, and the standard input."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO, Literal

STDIN = "-"
#: What FFmpeg can take for a video is found by trying; in a folder, only files with these ends are tried.
VIDEO_SUFFIXES = frozenset(
    (
        *(".3gp", ".asf", ".avi", ".flv", ".gif", ".ivf", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4"),
        *(".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".webm", ".wmv"),
    )
)
#: Pictures one after the other, without a container, start like the first of them.
_BARE_PICTURES = (".mjpeg", ".mjpg")
#: Part of the names of our own copies, which are no input.
COPY_MARK = ".annotated"
_HEAD = 16


@dataclass(frozen=True)
class Input:
    """One picture or video: its ``name`` for people, where to read it from, and how its copy is to be called, without
    the end."""

    name: str
    source: Path | BinaryIO
    kind: Literal["picture", "video"]
    copy: Path


class InputError(ValueError):
    """Something named on the command line is no input; the message is a whole sentence."""


def gather(named: Sequence[str]) -> tuple[list[Input], list[InputError]]:
    """All inputs, in the order in which they were named, those of a folder by name; and what is none."""
    inputs: list[Input] = []
    errors: list[InputError] = []
    copies: set[Path] = set()
    for name in named:
        try:
            found = [_standard_input()] if name == STDIN else list(_at(Path(name)))
        except OSError as error:
            errors.append(InputError(f"{name}: {error.strerror or error}"))
        except InputError as error:
            errors.append(error)
        else:
            inputs += (_named_apart(each, copies) for each in found)
    return inputs, errors


def _at(path: Path) -> Iterator[Input]:
    if not path.is_dir():
        yield Input(str(path), path, _kind(path, _head_of(path)), Path(path.stem + COPY_MARK))
        return
    found = False
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if any(part.startswith(".") for part in inside.parts) or COPY_MARK in file.suffixes or not file.is_file():
            continue
        head = _head_of(file)
        if _is_picture(head) or file.suffix.lower() in VIDEO_SUFFIXES:
            found = True
            yield Input(str(file), file, _kind(file, head), inside.with_name(file.stem + COPY_MARK))
    if not found:
        raise InputError(f"{path}: there is neither a picture (JPEG, PNG, WebP) nor a video in this folder.")


def _standard_input() -> Input:
    if sys.stdin.isatty():
        raise InputError("-: nothing is piped in; say for example: cat clip.mp4 | moodstream analyze -")
    stream = sys.stdin.buffer
    assert isinstance(stream, io.BufferedReader)
    head = stream.peek(_HEAD)[:_HEAD]
    if not head:
        raise InputError("-: nothing came in.")
    source: BinaryIO = stream
    if _is_picture(head) or head[4:8] == b"ftyp":
        # An MP4 may have its index at its end. The file has no name, so nothing is left whatever happens.
        source = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        copyfileobj(stream, source)
        source.seek(0)
    return Input("stdin", source, "picture" if _is_picture(head) else "video", Path("stdin" + COPY_MARK))


def _kind(path: Path, head: bytes) -> Literal["picture", "video"]:
    return "picture" if _is_picture(head) and path.suffix.lower() not in _BARE_PICTURES else "video"


def _is_picture(head: bytes) -> bool:
    jpeg, png = head.startswith(b"\xff\xd8\xff"), head.startswith(b"\x89PNG\r\n\x1a\n")
    return jpeg or png or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def _head_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _named_apart(each: Input, taken: set[Path]) -> Input:
    """The same with a copy that does not overwrite another's: a.jpg and a.png, or one name in two folders."""
    copy, number = each.copy, 2
    while copy in taken:
        copy = each.copy.with_name(each.copy.name.replace(COPY_MARK, f"-{number}{COPY_MARK}"))
        number += 1
    taken.add(copy)
    return Input(each.name, each.source, each.kind, copy)
