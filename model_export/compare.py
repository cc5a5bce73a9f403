"""Compare runs in one table: ``python -m model_export.compare NAME [NAME …] [--out FOLDER]``.

NAME is a run, or what the runs of several seeds begin with: ``ours`` stands for ``ours-1``, ``ours-2``, …, and gives
their mean and spread. Each run is exported and measured like a model that ships, into its own folder, and only if that
was not done since its last epoch; then all are timed in turns. Prints the table as Markdown; ``--out`` writes it there,
with its figures as JSON, the learning curves, and recipe, log and figures of each run, which stand for runs that were
made on another machine.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
from pathlib import Path
from typing import Any

import numpy as np

from model_export.architectures import load_net
from model_export.data import runs_folder
from model_export.evaluate import time_in_turns
from model_export.export import export
from model_export.plots import learning

log = logging.getLogger(__name__)

#: Column, key in a card, factor, and digits.
COLUMNS = (
    ("labels %", "accuracy", 100, 1),
    ("FER+ %", "accuracy_ferplus", 100, 1),
    ("balanced %", "balanced_accuracy", 100, 1),
    ("calibration error %", "calibration_error_cross_fitted", 100, 1),
    ("M parameters", "parameters", 1e-6, 2),
    ("MB", "bytes", 1e-6, 1),
    ("ms a face", "ms_a_face_one_core_batch_16", 1, 2),
    ("epochs", "epochs", 1, 0),
    ("minutes", "minutes", 1, 0),
)


def runs_of(name: str, kept: Path | None) -> list[str]:
    """The run of that name, or those of its seeds, here or among the ``kept``.

    Raises:
        SystemExit: there is neither.
    """
    known = {file.parent.name for file in runs_folder().glob("*/checkpoint.pt")}
    known |= {file.stem for file in kept.glob("*.json")} if kept else set()
    meant = [run for run in sorted(known) if run == name or re.fullmatch(re.escape(name) + r"-\d+", run)]
    found = [run for run in meant if _finished(run)]
    if left_out := set(meant) - set(found):
        log.warning("left out, since they are not at their end: %s", ", ".join(sorted(left_out)))
    if not found:
        raise SystemExit(
            f"There is no finished run {name!r} and none of its seeds; runs: {', '.join(sorted(known)) or 'none'}"
        )
    return found


def _finished(run: str) -> bool:
    """Whether a run is at its end, as all that were kept are."""
    if not is_here(run):
        return True
    _, recipe = load_net(run)
    return bool(recipe["epochs_done"] == recipe["epochs"])


def is_here(run: str) -> bool:
    """Whether a run lies in the folder of runs, or is known only by what was kept of it."""
    return (runs_folder() / run / "checkpoint.pt").is_file()


def record_of(run: str, kept: Path | None) -> dict[str, Any]:
    """Recipe, log and figures of a run as it stands, with the minutes of a processor that it took by itself.

    It is read from ``kept`` if the run itself is not here.
    """
    if kept and not is_here(run):
        record: dict[str, Any] = json.loads((kept / f"{run}.json").read_text())
        return record
    folder = runs_folder() / run
    file = folder / "model.json"
    if not file.is_file() or file.stat().st_mtime < (folder / "checkpoint.pt").stat().st_mtime:
        export(run, "model", folder=folder)
    card = json.loads(file.read_text())
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    minutes = sum(line["seconds"] for line in log) / 60
    card |= {"epochs": len(log), "minutes": round(minutes, 1)}
    return {**{key: card[key] for _, key, _, _ in COLUMNS}, "recipe": card["recipe"], "log": log}


def _with_short_lines(record: dict[str, Any]) -> str:
    """As JSON, with each epoch of the log on a line."""
    epochs = ",\n  ".join(json.dumps(line) for line in record["log"])
    return json.dumps({**record, "log": []}, indent=1).replace('"log": []', f'"log": [\n  {epochs}\n ]') + "\n"


def records_of(names: list[str], kept: Path | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """By name the records of its runs, by run; those of runs that are here are written into ``kept``."""
    found = {name: {run: record_of(run, kept) for run in runs_of(name, kept)} for name in names}
    here = {run: record for runs in found.values() for run, record in runs.items() if is_here(run)}
    for run, milliseconds in time_in_turns({run: runs_folder() / run / "model.onnx" for run in here}).items():
        here[run]["ms_a_face_one_core_batch_16"] = milliseconds
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        for run, record in here.items():
            (kept / f"{run}.json").write_text(_with_short_lines(record))
    return found


def compare(found: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """One row a name: mean and spread (standard deviation between seeds) of each figure of its runs' records."""
    rows = []
    for name, runs in found.items():
        records = list(runs.values())
        row: dict[str, Any] = {"name": name, "architecture": records[0]["recipe"]["architecture"]}
        row["seeds"] = len(records)
        for _, key, _, _ in COLUMNS:
            values = np.array([np.nan if record[key] is None else record[key] for record in records], float)
            row[key] = {"mean": float(values.mean()), "spread": float(values.std(ddof=1)) if len(values) > 1 else None}
        rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as a Markdown table."""
    lines = ["| run | net | seeds | " + " | ".join(title for title, *_ in COLUMNS) + " |"]
    lines.append("|" + "---|" * (3 + len(COLUMNS)))
    for row in rows:
        cells = [_cell(row[key], factor, digits) for _, key, factor, digits in COLUMNS]
        lines.append(f"| {row['name']} | {row['architecture']} | {row['seeds']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(value: dict[str, float | None], factor: float, digits: int) -> str:
    text = f"{(value['mean'] or 0) * factor:.{digits}f}"
    return text if not value["spread"] else f"{text} ± {value['spread'] * factor:.{digits}f}"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(prog="python -m model_export.compare", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME")
    parser.add_argument("--out", type=Path, help="folder for architectures.md, architectures.json, learning.png, runs/")
    chosen = parser.parse_args()
    found = records_of(chosen.names, chosen.out and chosen.out / "runs")
    rows = compare(found)
    print(table(rows))
    if chosen.out is not None:
        (chosen.out / "architectures.json").write_text(json.dumps(rows, indent=1) + "\n")
        (chosen.out / "architectures.md").write_text(table(rows))
        logs = {run: record["log"] for runs in found.values() for run, record in runs.items()}
        learning(logs, chosen.out / "learning.png")
