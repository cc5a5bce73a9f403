"""The command line: ``moodstream up``, ``moodstream analyze``, ``moodstream doctor``."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from moodstream import doctor as checks
from moodstream.local import StartError, local_stack
from moodstream.settings import Settings, settings
from moodstream.supervisor import Say, say_to_terminal
from moodstream.types import View

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
    files: Annotated[list[str], typer.Argument(help="Pictures, videos, folders of them, or - for what is piped in.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON answer a line.")] = False,
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="File to write: .jsonl, .csv or .parquet; may be repeated."),
    ] = None,
    annotate: Annotated[Path | None, typer.Option(help="Folder for annotated copies.")] = None,
    pictures_a_second: Annotated[
        float | None, typer.Option("--fps", min=0.01, help="Read at most so many pictures of a second of video.")
    ] = None,
    view: Annotated[View, typer.Option(help="A label for every face, or only shares of the group.")] = "individual",
    smoothing: Annotated[
        float | None, typer.Option(min=0, max=60, help="Seconds over which labels of a video are smoothed; 0: not.")
    ] = None,
) -> None:
    """Read the expressions in pictures and videos, through the running services or through ones started for this call.

    Ctrl-C ends it early; what was read until then stays.
    """
    from moodstream.analyze_command import Wanted, run  # noqa: PLC0415  # needs more packages than the other commands

    wanted = Wanted(files, as_json, output or [], annotate, pictures_a_second, view, smoothing)
    code = run(wanted, problems, _fetch_models)
    if code:
        raise typer.Exit(code)


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
