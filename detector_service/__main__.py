"""``python -m detector_service``: the service on the host and port of the settings."""

from __future__ import annotations

import logging

from detector_service.app import create_app
from moodstream import logs, tracing
from moodstream.leaving import serve
from moodstream.settings import settings


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = settings()
    logs.configure(options, "detector")
    tracing.configure("detector")
    if options.log_level != "debug":
        logging.getLogger("uvicorn.error").setLevel("WARNING")  # it tells of every socket that opens
    app = create_app(options)
    serve(
        app,
        app.state.streams,
        host=options.detector_host,
        port=options.detector_port,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        # Pictures are compressed already.
        ws_per_message_deflate=False,
        # A picture a little over the limit is answered with a sentence; one far over it ends the socket (1009).
        ws_max_size=2 * options.max_body_bytes + 1024,
        # A recorded stream that sends more than its window is not read meanwhile, its pongs neither.
        ws_ping_timeout=120,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
