"""A worker's own word on its health: ``/livez``, ``/readyz`` and ``/metrics``, answered beside its work by a thread."""

from __future__ import annotations

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from celery import Celery, bootsteps
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis import Redis, RedisError

from moodstream.settings import Settings
from worker import metrics

log = logging.getLogger(__name__)

#: A consume loop that is not at work and has not turned for so long hangs.
TICK_LIMIT_S = 30.0
#: Every task is bounded far below this; one that takes so long hangs.
TASK_LIMIT_S = 120.0


class Health:
    """What is known of this process; the consume loop reports, the HTTP thread judges."""

    def __init__(self, redis_url: str) -> None:
        self._client = Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
        self._ticked: float | None = None

    def tick(self) -> None:
        """The consume loop turns, connected to the broker."""
        self._ticked = time.monotonic()

    def disconnected(self) -> None:
        """The consumer lost the broker, or has not reached it yet; it keeps trying."""
        self._ticked = None

    def hangs(self) -> str | None:
        """Why this process should be started anew; None while it works, waits or tries to reach the broker."""
        busy = metrics.busy_for()
        if busy is not None:
            return f"a task runs for {busy:.0f} s" if busy > TASK_LIMIT_S else None
        idle = 0.0 if self._ticked is None else time.monotonic() - self._ticked
        return f"the consume loop stands still for {idle:.0f} s" if idle > TICK_LIMIT_S else None

    def unready(self) -> str | None:
        """Why a message sent now would not be taken by this worker; None if it would.

        The consumer connects only after the model is loaded and warm.
        """
        if self._ticked is None:
            return "the model is being loaded, or Redis cannot be reached"
        try:
            self._client.ping()
        except (RedisError, OSError) as error:
            return f"Redis does not answer: {error}"
        return self.hangs()


def watch(app: Celery, options: Settings) -> None:
    """Serve the health of this process on ``metrics_host`` and ``metrics_port``; port 0: nowhere."""
    if not options.metrics_port:
        return
    health = Health(options.redis_url)
    app.steps["consumer"].add(_ticks_of(health))
    server = ThreadingHTTPServer((options.metrics_host, options.metrics_port), _handler_of(health))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    log.info("Health and metrics on http://%s:%s", *server.server_address[:2])


def _ticks_of(health: Health) -> type:
    class Ticks(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        """Reports each second from inside the consume loop."""

        requires = {"celery.worker.consumer.tasks:Tasks"}  # noqa: RUF012 - celery's way to say it

        def start(self, consumer: Any) -> None:
            health.tick()
            self.entry = consumer.timer.call_repeatedly(1.0, health.tick)

        def stop(self, consumer: Any) -> None:
            health.disconnected()
            self.entry.cancel()

        def shutdown(self, consumer: Any) -> None:
            health.disconnected()

    return Ticks


def _handler_of(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path in ("/livez", "/readyz"):
                reason = health.hangs() if path == "/livez" else health.unready()
                body = json.dumps({"ok": reason is None, "reason": reason}).encode()
                self._answer(200 if reason is None else 503, body, "application/json")
            else:
                self._answer(404, b"/livez, /readyz or /metrics\n", "text/plain")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Probes come every few seconds; that they do is no news."""

    return Handler
