"""The command ``moodstream analyze``: finds or starts the services, reads everything, and stops in order on Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from moodstream.analyze import Job
from moodstream.client import Client, ServiceError
from moodstream.inputs import Input, gather
from moodstream.local import StartError, local_stack
from moodstream.recording import Wish
from moodstream.report import TerminalReport
from moodstream.settings import settings
from moodstream.sinks import Sink, SinkError, Sinks, json_line, open_sink
from moodstream.supervisor import Say
from moodstream.types import FrameReading, View

#: What shells expect of a program that Ctrl-C ended.
INTERRUPTED = 130


@dataclass(frozen=True)
class Wanted:
    """What the command line asked for."""

    named: Sequence[str]
    as_json: bool
    outputs: Sequence[Path]
    copies: Path | None
    pictures_a_second: float | None
    view: View
    smoothing: float | None


class _Printed:
    """JSON lines on standard output."""

    def write(self, name: str, answer: FrameReading) -> None:
        sys.stdout.write(json_line(name, answer) + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Standard output stays open."""


def run(wanted: Wanted, aside: Console, prepare: Callable[[Say], None]) -> int:
    """The exit code: 0, 1 if anything could not be read or written, 130 if it was interrupted.

    ``prepare`` is called before services are started for this call. What these say is told only if they cannot start.
    """
    services = _Overheard(aside)
    inputs, errors = gather(wanted.named)
    for error in errors:
        aside.print(str(error), markup=False, soft_wrap=True)
    if not inputs:
        return 1
    try:
        code = asyncio.run(_run(wanted, inputs, aside, lambda: prepare(services.say), services.say))
    except asyncio.CancelledError:
        return INTERRUPTED
    except StartError as error:
        services.tell()
        aside.print(str(error), markup=False, soft_wrap=True)
    except (ServiceError, SinkError) as error:
        aside.print(str(error), markup=False, soft_wrap=True)
    except BrokenPipeError:  # whoever read our answers has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        aside.print(f"{error.filename or 'the result'} cannot be written: {error.strerror}", markup=False)
    else:
        return code or int(bool(errors))
    return 1


async def _run(wanted: Wanted, inputs: Sequence[Input], aside: Console, prepare: Callable[[], None], say: Say) -> int:
    stop = _Stop(aside)
    console = None if wanted.as_json else Console(highlight=False)
    sinks: list[Sink] = [_Printed()] if wanted.as_json else []
    sinks += (open_sink(path, wanted.view) for path in wanted.outputs)
    with Sinks(*sinks) as sink, stop.listening():
        async with _detector(prepare, say) as url:
            job = Job(
                url,
                Wish(wanted.view, wanted.smoothing),
                sink,
                TerminalReport(aside, console),
                wanted.copies,
                wanted.pictures_a_second,
                stop.asked.is_set,
            )
            stop.reading = True
            failed = await _in_thread(lambda: job.run(inputs))
    for path in wanted.outputs:
        aside.print(f"wrote {path}", markup=False, soft_wrap=True)
    return INTERRUPTED if stop.asked.is_set() else int(bool(failed))


class _Overheard:
    """What services say that were started for this call: only how far their start is concerns the caller."""

    def __init__(self, aside: Console) -> None:
        self._aside = aside
        self._lines: deque[str] = deque(maxlen=40)

    def say(self, name: str, line: str) -> None:
        if name == "moodstream":
            self._aside.print(line, style="dim", markup=False, soft_wrap=True)
        else:
            self._lines.append(f"{name}: {line}")

    def tell(self) -> None:
        """Print the last of it."""
        for line in self._lines:
            self._aside.print(line, style="dim", markup=False, soft_wrap=True)


class _Stop:
    """Ctrl-C: the first time the reading ends in order, before it began or the second time everything ends at once."""

    def __init__(self, aside: Console) -> None:
        self._aside = aside
        self.asked, self.reading = threading.Event(), False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While in the block; belongs into the task that is to be ended."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def pressed() -> None:
            if self.asked.is_set() or not self.reading:
                task.cancel()
            else:
                self._aside.print("stopping; what was read stays (once more to end at once)")
            self.asked.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, pressed)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


@asynccontextmanager
async def _detector(prepare: Callable[[], None], say: Say) -> AsyncIterator[str]:
    """Base URL of a detector service: the running one, or one that lives as long as the block."""
    options = settings()
    with Client(options.detector_address, timeout_s=3) as running:
        # One that was named is used, or its absence told; nobody expects others to be started in its place.
        ready = bool(options.detector_url) or running.is_ready()
    if ready:
        yield options.detector_address
        return
    prepare()
    # One live worker, since the services wait for it to call themselves ready; all others are for this work.
    lean = options.model_copy(update={"workers": 1})
    async with local_stack(lean, say, page=False, frames=False, recorded=options.workers) as addresses:
        yield addresses.detector


async def _in_thread(work: Callable[[], int]) -> int:
    """Like asyncio.to_thread, but the program need not wait for it to end."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[int] = loop.create_future()

    def tell(value: int | None, error: BaseException | None) -> None:
        if result.cancelled():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value or 0)

    def target() -> None:
        value, error = None, None
        try:
            value = work()
        except BaseException as caught:  # handed on to the one who waits
            error = caught
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, value, error)

    threading.Thread(target=target, name="analyze", daemon=True).start()
    return await result
