"""The command line: ``moodstream up``, ``moodstream analyze``, ``moodstream doctor``."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from moodstream import doctor as checks
from moodstream.annotate import annotate as draw_readings
from moodstream.client import Client, ServiceError
from moodstream.local import StartError, local_stack
from moodstream.settings import Settings, settings
from moodstream.supervisor import Say, say_to_terminal
from moodstream.types import FrameReading

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The facial expression of every face, live.")
problems = Console(stderr=True, highlight=False)


def main() -> None:
    """Entry point of the command ``moodstream``."""
    app()


@app.command()
def up(
    port: Annotated[int | None, typer.Option(help="Port of the page.")] = None,
    workers: Annotated[int | None, typer.Option(help="Classifier workers.")] = None,
) -> None:
    """Run everything on this machine: queue, detector, workers and the page; Ctrl-C stops it."""
    chosen = {"page_port": port, "workers": workers}
    options = settings().model_copy(update={name: value for name, value in chosen.items() if value is not None})
    workers_named = [f"worker-{i + 1}" for i in range(options.workers)]
    names = ["moodstream", "redis", *workers_named, "recorded", "frames", "detector", "page"]
    say = say_to_terminal(names)
    _fetch_models(say)
    try:
        asyncio.run(_up(options, say))
    except StartError as error:
        problems.print(f"moodstream cannot start: {error}")
        raise typer.Exit(1) from None


async def _up(options: Settings, say: Say) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    running = asyncio.create_task(_run(options, say))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done() and stop.is_set():
        say("moodstream", "stopping")
        running.cancel()
    stopped.cancel()
    try:
        await running
    except asyncio.CancelledError:
        say("moodstream", "stopped")


async def _run(options: Settings, say: Say) -> None:
    """Run the stack until cancelled, and never end by itself: a stop must not be interrupted by a second reason."""
    async with local_stack(options, say) as addresses:
        say("moodstream", f"ready: {addresses.page}")
        await asyncio.Event().wait()


def _fetch_models(say: Say) -> None:
    """Fetch the detector's model files in a process of its own: this package knows no other folder of ours."""
    done = subprocess.run([sys.executable, "-m", "detector_service.models"], check=False)
    if done.returncode:
        say("moodstream", "the MediaPipe files could not be fetched; the detector falls back to Haar")


@app.command()
def analyze(
    files: Annotated[list[Path], typer.Argument(help="Pictures: JPEG, PNG or WebP.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON answer a line.")] = False,
    annotate: Annotated[Path | None, typer.Option(help="Folder for annotated copies.")] = None,
) -> None:
    """Read the expressions in pictures, through the running services or through ones started for this call."""
    try:
        failed = asyncio.run(_analyze(files, as_json, annotate))
    except (StartError, ServiceError) as error:
        problems.print(str(error))
        raise typer.Exit(1) from None
    if failed:
        raise typer.Exit(1)


async def _analyze(files: Sequence[Path], as_json: bool, annotate: Path | None) -> int:
    failed = 0
    async with _detector() as url:
        with Client(url) as client:
            for file in files:
                try:
                    picture = file.read_bytes()
                except OSError as error:
                    problems.print(f"{file}: {error.strerror}")
                    failed += 1
                    continue
                answer = await asyncio.to_thread(client.read, picture)
                failed += answer.status != "ok"
                _show(file, answer, as_json)
                if annotate is not None and answer.status == "ok":
                    _write_annotated(annotate, file, picture, answer)
    return failed


@asynccontextmanager
async def _detector() -> AsyncIterator[str]:
    """Base URL of a detector service: the running one, or one that lives as long as the block."""
    options = settings()
    with Client(options.detector_address, timeout_s=3) as running:
        if running.is_ready():
            yield options.detector_address
            return
    _fetch_models(_log_problem)
    async with local_stack(options, _log_problem, page=False) as addresses:
        yield addresses.detector


def _log_problem(name: str, line: str) -> None:
    problems.print(f"{name}: {line}", style="dim", markup=False, soft_wrap=True)


def _show(file: Path, answer: FrameReading, as_json: bool) -> None:
    console = Console(highlight=False)
    if as_json:
        console.print(json.dumps({"file": str(file), **answer.to_json()}), soft_wrap=True, markup=False)
        return
    if answer.error is not None or answer.status != "ok":
        console.print(f"{file}: {answer.error.message if answer.error else answer.status}", markup=False)
        return
    table = Table("face", "expression", "sure", "box", title=f"{file}: {len(answer.readings)} faces")
    for index, reading in enumerate(answer.readings, 1):
        sure = max(reading.probabilities or (0.0,))
        table.add_row(str(index), reading.label, f"{sure:.0%}", ", ".join(f"{v:.0f}" for v in reading.face.box))
    console.print(table)


def _write_annotated(folder: Path, file: Path, picture: bytes, answer: FrameReading) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(picture)) as original:
        draw_readings(original, answer).save(folder / f"{file.stem}.annotated.png")


@app.command()
def doctor() -> None:
    """Check what Moodstream needs here, and say what to do about what is missing."""
    console = Console(highlight=False)
    findings = checks.examine(settings())
    for finding in findings:
        console.print(f"{'ok     ' if finding.good else 'PROBLEM'}  {finding.what}: {finding.found}", markup=False)
        if not finding.good:
            console.print(f"         → {finding.remedy}", markup=False)
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
