"""``python -m worker faces|frames``: a worker for one of the two queues."""

from __future__ import annotations

import importlib
import logging
import sys

from moodstream.settings import settings
from moodstream.wire import FACES, FRAMES
from worker import health

#: Only the module of the queue that is served is imported, so that a classifier image needs no detector.
MODULES = {FACES: "worker.classify", FRAMES: "worker.read_frame"}


def main() -> None:
    """Serve one queue until SIGTERM, finishing the task in hand."""
    if len(sys.argv) != 2 or sys.argv[1] not in MODULES:
        raise SystemExit(f"usage: python -m worker {'|'.join(MODULES)}")
    queue = sys.argv[1]
    logging.basicConfig(level=settings().log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    for chatty in ("celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    module = importlib.import_module(MODULES[queue])
    health.watch(module.app, settings())
    arguments = ["--quiet", "worker", "--queues", queue, "--without-gossip", "--without-mingle", "--without-heartbeat"]
    module.app.worker_main([*arguments, "--hostname", f"{queue}-%n@%h", "--loglevel", settings().log_level])


if __name__ == "__main__":
    main()
