"""Where readings are kept: JSON lines with whole answers, or a table in CSV or Parquet with a row for every face."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from moodstream import table
from moodstream.types import EXPRESSIONS, UNSURE, FrameReading, View

#: Columns that say where a row is from: the file's name, the picture's number from 0 on, seconds in the video.
ORIGIN = ("file", "frame", "time_s")
_GROUP = ("faces", *EXPRESSIONS, UNSURE)
_WORDS = {"file", "label"}
_COUNTS = {"frame", "face", "faces", "seat"}
#: Rows of Parquet that are written at a time.
_BATCH = 5000


class Sink(Protocol):
    """Takes answers one after the other; what it took is safe once it is closed."""

    def write(self, name: str, answer: FrameReading) -> None: ...

    def close(self) -> None: ...


class SinkError(ValueError):
    """A file that cannot be written; the message is a sentence that says why."""


def open_sink(path: Path, view: View) -> Sink:
    """A sink in a file, in the format that its name ends with.

    Raises:
        SinkError: there is no such format, or what writes it is not installed.
        OSError: the file cannot be written.
    """
    kinds: dict[str, type[JsonLines | CsvTable | ParquetTable]] = {
        ".jsonl": JsonLines,
        ".ndjson": JsonLines,
        ".csv": CsvTable,
        ".parquet": ParquetTable,
    }
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise SinkError(f"{path}: the name must end in {', '.join(kinds)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return kind(path, view)


def json_line(name: str, answer: FrameReading) -> str:
    """An answer as one line, with the file that it is about."""
    return json.dumps({"file": name, **answer.to_json()}, ensure_ascii=False)


def rows(name: str, answer: FrameReading) -> Iterator[dict[str, Any]]:
    """A row for every face, or in the group view one for the picture, once there are enough faces for shares."""
    origin = dict(zip(ORIGIN, (name, answer.frame, answer.captured_ms / 1000), strict=True))
    if answer.view == "individual":
        yield from ({**origin, **row} for row in table.face_rows(answer))
    elif answer.group is not None:
        yield {**origin, "faces": answer.group["faces"], **(answer.group["shares"] or dict.fromkeys(_GROUP[1:]))}


def _columns(view: View, first: dict[str, Any] | None) -> list[str]:
    """Those of the first row, which has more if an adaptation adds labels."""
    return list(first) if first else [*ORIGIN, *(table.COLUMNS if view == "individual" else _GROUP)]


class JsonLines:
    """A whole answer a line; each is in the file at once."""

    def __init__(self, path: Path, view: View) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8")

    def write(self, name: str, answer: FrameReading) -> None:
        self._file.write(json_line(name, answer) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class CsvTable:
    """Comma-separated, with a head line; each row is in the file at once."""

    def __init__(self, path: Path, view: View) -> None:
        self._view, self._file = view, path.open("w", encoding="utf-8", newline="")
        self._table: csv.DictWriter[str] | None = None

    def write(self, name: str, answer: FrameReading) -> None:
        for row in rows(name, answer):
            self._begun(row).writerow(row)
        self._file.flush()

    def close(self) -> None:
        self._begun(None)
        self._file.close()

    def _begun(self, first: dict[str, Any] | None) -> csv.DictWriter[str]:
        if self._table is None:
            self._table = csv.DictWriter(self._file, _columns(self._view, first))
            self._table.writeheader()
        return self._table


class ParquetTable:
    """Parquet; the file can be read once it is closed."""

    def __init__(self, path: Path, view: View) -> None:
        try:
            import pyarrow  # noqa: PLC0415  # large, and only here
            import pyarrow.parquet  # noqa: PLC0415
        except ImportError:
            raise SinkError(f"{path}: Parquet needs pyarrow: pip install 'moodstream[parquet]'.") from None
        self._pyarrow, self._path, self._view = pyarrow, path, view
        self._file = path.open("wb")
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []

    def write(self, name: str, answer: FrameReading) -> None:
        self._rows += rows(name, answer)
        if len(self._rows) >= _BATCH:
            self._write_rows()

    def close(self) -> None:
        self._write_rows()
        self._writer.close()
        self._file.close()

    def _write_rows(self) -> None:
        if self._writer is None:
            arrow = self._pyarrow
            kinds = {**dict.fromkeys(_WORDS, arrow.string()), **dict.fromkeys(_COUNTS, arrow.int64())}
            columns = _columns(self._view, self._rows[0] if self._rows else None)
            schema = arrow.schema([(column, kinds.get(column, arrow.float64())) for column in columns])
            self._writer = arrow.parquet.ParquetWriter(self._file, schema)
        self._writer.write_table(self._pyarrow.Table.from_pylist(self._rows, schema=self._writer.schema))
        self._rows.clear()


class Sinks:
    """Several sinks as one, closed with the block."""

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all, also if one cannot be."""
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.callback(sink.close)

    def write(self, name: str, answer: FrameReading) -> None:
        """Give an answer to all."""
        for sink in self._sinks:
            sink.write(name, answer)
