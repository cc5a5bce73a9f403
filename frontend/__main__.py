"""``python -m frontend``: serve the page."""

from __future__ import annotations

import logging

from prometheus_client import start_http_server

from frontend.app import create_app
from moodstream import logs, tracing
from moodstream.leaving import serve
from moodstream.settings import settings


def main() -> None:
    """Run until stopped, with sockets that hold one message each and compress none (JPEG gains nothing)."""
    chosen = settings()
    logs.configure(chosen, "page")
    tracing.configure("page")
    if chosen.log_level != "debug":
        for chatty in ("uvicorn.error", "httpx"):  # they tell of every socket and every request
            logging.getLogger(chatty).setLevel(logging.WARNING)
    if chosen.metrics_port:
        start_http_server(chosen.metrics_port, chosen.metrics_host)
    app = create_app(chosen)
    serve(
        app,
        app.state.streams,
        host=chosen.page_host,
        port=chosen.page_port,
        log_config=None,
        access_log=False,
        ws_max_queue=1,
        ws_max_size=chosen.max_body_bytes + 1024,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
