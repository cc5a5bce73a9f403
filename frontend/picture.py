"""The picture tab: pictures go to the detector one after the other; readings come back drawn, as a table, as files."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from frontend.shelf import Session, Shelf
from moodstream.annotate import annotate
from moodstream.client import Client, ServiceError
from moodstream.table import COLUMNS, HEADERS, face_rows, words, write_csv
from moodstream.types import FrameReading

_EMPTY = (Path(__file__).parent / "look/no_picture.html").read_text(encoding="utf-8")
_NO_DETECTOR = "The detector cannot be reached. Please try again in a moment."
_HINT = (
    "JPEG, PNG or WebP, several at once: drop them, choose them, paste one, or take one with the camera. "
    "They are deleted when you close this page, and after 15 minutes in any case."
)
#: A picture is not live: it waits its turn where a live frame would be refused.
_TRIES = 6
_WAIT_S = 1.0


@dataclass(frozen=True)
class _Read:
    """One picture of the tab: its answer and annotated copy, or a sentence that says why there is none."""

    name: str
    answer: FrameReading | None = None
    drawn: Path | None = None
    problem: str = ""


def build(shelf: Shelf, detector_address: str) -> None:
    """Place the tab's components in the block that is open."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            source = gr.Gallery(
                label="Your pictures",
                type="filepath",
                file_types=["image"],
                sources=["upload", "webcam", "clipboard"],
                columns=3,
                height=320,
                object_fit="cover",
                elem_id="picture-in",
            )
            # The files as they came: what is no picture is for the detector to say, in its own words.
            source.preprocess = _paths  # type: ignore[method-assign,assignment]
            gr.Markdown(_HINT, elem_classes="hint")
        with gr.Column(scale=3, min_width=280):
            drawn = gr.Gallery(
                label="What was read",
                interactive=False,
                columns=2,
                height=420,
                object_fit="contain",
                buttons=["download", "fullscreen"],
                visible=False,
                elem_id="picture-out",
            )
            said = gr.Markdown(_EMPTY, elem_id="picture-words")
    table = gr.Dataframe(
        headers=["Picture", *HEADERS],
        label="Readings",
        interactive=False,
        visible=False,
        elem_id="picture-table",
        column_widths=["170px", "70px", "130px", "120px", *["98px"] * 7],
    )
    with gr.Row(elem_classes="downloads"):
        downloads = [
            gr.DownloadButton(label, size="sm", visible=False, elem_id=f"picture-{kind}")
            for label, kind in (("Table (CSV)", "csv"), ("Everything (JSON)", "json"), ("Annotated pictures", "drawn"))
        ]
    source.change(
        _reader(shelf, detector_address),
        source,
        [drawn, said, table, *downloads],
        concurrency_limit=8,
        trigger_mode="always_last",
        show_progress="hidden",
    )


def _paths(payload: Any) -> list[str]:
    items = payload.root if payload else []
    files = [getattr(item, "image", None) or item.video for item in items]
    return [file.path for file in files if file.path]


def _reader(shelf: Shelf, detector_address: str) -> Callable[..., Iterator[tuple[Any, ...]]]:
    def read(paths: list[str], request: gr.Request) -> Iterator[tuple[Any, ...]]:
        session = shelf.session(request.session_hash)
        session.uploads |= {Path(path) for path in paths}
        done: list[_Read] = []
        with Client(detector_address) as client:
            for number, path in enumerate(paths, start=1):
                known: _Read | None = session.read.get(path)
                if known is None or (known.drawn is not None and not known.drawn.exists()):
                    if number > 1:
                        yield _shown(done, f"Reading picture {number} of {len(paths)} …")
                    known = session.read[path] = _read(client, Path(path), session)
                done.append(known)
        yield (*_shown(done, _summary(done))[:3], *_files(session, done))

    return read


def _read(client: Client, path: Path, session: Session) -> _Read:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _Read(path.name, problem="It was deleted after 15 minutes: please add it again.")
    try:
        answer = client.read(data)
        for _ in range(_TRIES - 1):
            if answer.status not in ("overloaded", "stale") or session.closed.is_set():
                break
            time.sleep(_WAIT_S)
            answer = client.read(data)
    except ServiceError:
        return _Read(path.name, problem=_NO_DETECTOR)
    if answer.status != "ok":
        return _Read(path.name, problem=answer.error.message if answer.error else "Too many people are using this now.")
    drawn = _free_name(session.folder, path.stem, ".jpg")
    with Image.open(io.BytesIO(data)) as picture:
        annotate(picture, answer).save(drawn, quality=92)
    return _Read(path.name, answer, drawn)


def _shown(done: Sequence[_Read], said: str) -> tuple[Any, ...]:
    gallery = [(str(read.drawn), read.name) for read in done if read.drawn]
    rows = [[read.name, *row] for read in done if read.answer for row in words(read.answer)]
    return (
        gr.update(value=gallery, visible=bool(gallery)),
        said,
        gr.update(value=rows, visible=bool(rows)),
        *[gr.skip()] * 3,
    )


def _summary(done: Sequence[_Read]) -> str:
    if not done:
        return _EMPTY
    answers = [read.answer for read in done if read.answer]
    lines = []
    if answers:
        faces = sum(len(answer.readings) for answer in answers)
        took = sum(answer.timings_ms.get("total") or 0 for answer in answers) / len(answers)
        pictures = "" if len(done) == 1 else f" in {_count(len(answers), 'picture')}"
        found = _count(faces, "face") if faces else "No face was found"
        lines.append(f"{found}{pictures}. Read in {took:.0f} ms{'' if len(answers) == 1 else ' each'}.")
        lines += _groups(answers)
    lines += [f"**Not read: {_plain(read.name)}.** {read.problem}" for read in done if read.problem]
    return "\n\n".join(lines)


def _groups(answers: Sequence[FrameReading]) -> Iterator[str]:
    """What is left to say where the operator keeps single faces back."""
    groups = [answer.group for answer in answers if answer.view == "group" and answer.group]
    if not groups:
        return
    yield f"This server tells no single face, only shares of groups of {groups[0]['min']} or more."
    for number, group in enumerate(groups, start=1):
        if group["shares"]:
            told = ", ".join(f"{name} {share:.0%}" for name, share in group["shares"].items() if share)
            yield f"Picture {number}: {told}."


def _files(session: Session, done: Sequence[_Read]) -> Iterator[Any]:
    """The download buttons: table, everything, and the annotated picture or an archive of several."""
    read = [(one.name, one.answer, one.drawn) for one in done if one.answer and one.drawn]
    if not read:
        yield from [gr.update(value=None, visible=False)] * 3
        return
    table, everything, drawn = session.folder / "readings.csv", session.folder / "readings.json", read[0][2]
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = ({"picture": name, **row} for name, answer, _ in read for row in face_rows(answer))
        write_csv(file, ("picture", *COLUMNS), rows)
    pictures = [{"picture": name, **answer.to_json()} for name, answer, _ in read]
    everything.write_text(json.dumps({"pictures": pictures}, indent=1), encoding="utf-8")
    if len(read) > 1:
        drawn = session.folder / "annotated.zip"
        with zipfile.ZipFile(drawn, "w") as archive:
            for _, _, one in read:
                archive.write(one, one.name)
    for path in (table, everything, drawn):
        yield gr.update(value=str(path), visible=True)


def _free_name(folder: Path, stem: str, suffix: str) -> Path:
    """A path in ``folder`` that nothing has yet: two pictures may have one name."""
    path, number = folder / f"{stem} annotated{suffix}", 2
    while path.exists():
        path, number = folder / f"{stem} annotated {number}{suffix}", number + 1
    return path


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _plain(name: str) -> str:
    """A file's name for Markdown, without what Markdown would take as its own."""
    return "".join("\\" + c if c in r"\`*_{}[]()<>#+!|" else c for c in name)
