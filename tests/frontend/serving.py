"""Servers on free ports for the length of a test."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


def _server(app: Any, port: int = 0) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws_max_queue=1))


def _port(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """``app`` in this loop; gives its port."""
    server = _server(app)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield _port(server)
    server.should_exit = True
    await task


@contextmanager
def serving_apart(app: Any) -> Iterator[int]:
    """``app`` in a thread of its own; gives its port."""
    server = _server(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield _port(server)
    server.should_exit = True
    thread.join(5)
