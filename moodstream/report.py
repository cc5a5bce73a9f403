"""Tells a person at a terminal how ``moodstream analyze`` goes."""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from moodstream.analyze import Tally
from moodstream.inputs import Input
from moodstream.table import HEADERS, words
from moodstream.video import Progress as VideoProgress

#: Without a terminal, a line so often.
_LINE_EVERY_S = 10.0
#: Without an answer for so long, something is missing.
_SILENCE_S = 20.0


class TerminalReport:
    """Progress and problems on ``aside`` (standard error), what was found on ``console``, unless results go there."""

    def __init__(self, aside: Console, console: Console | None) -> None:
        self._aside, self._console = aside, console
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            console=aside,
            transient=True,
        )
        self._task: TaskID | None = None
        self._news = self._line = time.monotonic()
        self._heard, self._hinted = -1, False

    def begins(self, each: Input) -> None:
        self._news = self._line = time.monotonic()
        self._heard = -1

    def progress(self, each: Input, progress: VideoProgress) -> None:
        now, said = time.monotonic(), _words(progress)
        if progress.pictures != self._heard:
            self._heard, self._news = progress.pictures, now
        elif now - self._news > _SILENCE_S and not self._hinted:
            self._hinted = True
            text = "no answer for {:.0f} s: does a worker for recorded work run? (python -m worker recorded)"
            self._say(text.format(now - self._news))
        if self._aside.is_terminal:
            if self._task is None:
                self._bar.start()
                self._task = self._bar.add_task(each.name, total=None, words="")
            self._bar.update(self._task, completed=progress.at_s, total=progress.total_s, words=said)
        elif now - self._line > _LINE_EVERY_S:
            self._line = now
            self._say(f"{each.name}: {said}")

    def ends(self, each: Input, tally: Tally, problem: str | None, copy: Path | None) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._bar.stop()
            self._task = None
        if self._console is not None and tally.pictures > tally.failed:
            self._show(each, tally)
        if problem is not None:
            self._say(f"{each.name}: {problem}" + ("" if problem.endswith(".") else "."))
        if copy is not None:
            self._say(f"{each.name}: copy in {copy}")

    def _show(self, each: Input, tally: Tally) -> None:
        assert self._console is not None and tally.last is not None
        if each.kind == "picture" and tally.last.view == "individual":
            table = Table(*HEADERS, title=f"{each.name}: {_count(len(tally.last.readings), 'face')}")
            for row in words(tally.last):
                table.add_row(*map(str, row))
        else:
            title = (
                f"{each.name}: {_count(tally.pictures, 'picture')}, at most {_count(tally.most_faces, 'face')} in one"
            )
            table = Table("Expression", "Share of readings", title=title)
            shares = tally.shares()
            for label in sorted(shares, key=lambda label: -shares[label]):
                table.add_row(label, f"{shares[label]:.0%}")
        self._console.print(table)

    def _say(self, text: str) -> None:
        self._aside.print(text, markup=False, soft_wrap=True)


def _words(progress: VideoProgress) -> str:
    speed = f"{progress.pictures / progress.elapsed_s:.0f} a second" if progress.elapsed_s > 1 else ""
    share = "" if progress.share is None else f"{progress.share:.0%}"
    left = "" if progress.left_s is None or progress.elapsed_s < 2 else f"{_clock(progress.left_s)} left"
    return ", ".join(filter(None, (share, _count(progress.pictures, "picture"), speed, left)))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
