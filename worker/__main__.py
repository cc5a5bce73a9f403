"""``python -m worker faces|recorded|frames``: a worker for one of the queues; ``faces,recorded`` for both."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import sys
import warnings

from moodstream import logs, tracing
from moodstream.settings import settings
from moodstream.supervisor import Service, Supervisor, say_to_terminal
from moodstream.wire import FACES, FRAMES, RECORDED
from worker import context, health, metrics
from worker.app import app, serve_recorded
from worker.live import serve_live

#: What is asked for → the queue and the module with its task. Only that module is imported, so that a classifier image
#: needs no detector.
QUEUES = {
    "faces": (FACES, "worker.classify"),
    "recorded": (RECORDED, "worker.classify"),
    "frames": (FRAMES, "worker.read_frame"),
}
BOTH = "faces,recorded"
#: Recorded work gives way to live work: under full load live work has ten times its share of a core.
NICE = 10


def main() -> None:
    """Serve until SIGTERM, finishing the task in hand."""
    wanted = sys.argv[1] if len(sys.argv) == 2 else ""
    logs.configure(settings(), f"worker-{wanted}")
    if wanted == BOTH:
        asyncio.run(_serve_both())
    elif wanted in QUEUES:
        _serve(wanted)
    else:
        raise SystemExit(f"usage: python -m worker {'|'.join([*QUEUES, BOTH])}")


def _serve(wanted: str) -> None:
    for chatty in ("celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    queue, module = QUEUES[wanted]
    options = settings()
    if wanted == "recorded":
        options = options.model_copy(update={"redis_url": options.recorded_redis})
        serve_recorded(app)
        os.nice(NICE)
    elif wanted == "faces":
        serve_live(app)
    # The danger that Celery sees for root is pickle, which is never accepted here.
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
    importlib.import_module(module)
    tracing.configure(f"worker-{wanted}")
    context.follow()
    metrics.serve(queue)
    health.watch(app, options)
    arguments = ["--quiet", "worker", "--queues", queue, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.worker_main([*arguments, "--hostname", f"{wanted}-{os.getpid()}@%h", "--loglevel", options.log_level])


async def _serve_both() -> None:
    """Two processes on one core: the kernel's scheduler puts live work first, and neither can end the other.

    That for recorded work tells its health and metrics one port further on.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    names = BOTH.split(",")
    supervisor = Supervisor(_say_plainly if settings().log == "json" else say_to_terminal(names))
    port = settings().metrics_port
    for offset, name in enumerate(names):
        own = {"MOODSTREAM_METRICS_PORT": str(port + offset if port else 0)}
        supervisor.add(Service(name, [sys.executable, "-m", "worker", name], own))
    ends = [asyncio.create_task(event.wait()) for event in (stop, supervisor.broken)]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    await supervisor.stop()
    if supervisor.misconfigured:
        raise SystemExit(os.EX_CONFIG)


def _say_plainly(_: str, line: str) -> None:
    """A line that is JSON already names its service."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
