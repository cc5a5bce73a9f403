"""A server that ends answers what it has accepted and says goodbye with 1012."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from moodstream.leaving import RESTART, OpenStreams, Server


@asynccontextmanager
async def echoing(go: asyncio.Event) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """A server that answers each message once ``go`` is set; gives it with its address."""
    app, streams = FastAPI(), OpenStreams()

    @app.websocket("/")
    async def echo(ws: WebSocket) -> None:
        await ws.accept()
        with streams.serving():
            while (message := await streams.receive(ws)) is not None:
                if message["type"] == "websocket.disconnect":
                    return
                await go.wait()
                await ws.send_text(message["text"])
            await ws.close(RESTART)

    server = Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", timeout_graceful_shutdown=1), streams
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield server, f"ws://127.0.0.1:{port}/"
    server.should_exit = True
    await task


async def test_what_was_accepted_is_answered_before_the_end() -> None:
    go = asyncio.Event()
    async with echoing(go) as (server, url), connect(url, proxy=None) as busy, connect(url, proxy=None) as idle:
        await busy.send("in hand")
        await asyncio.sleep(0.2)
        server.should_exit = True
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(idle.recv(), 2)
        assert idle.close_code == RESTART
        go.set()
        assert await asyncio.wait_for(busy.recv(), 2) == "in hand"
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(busy.recv(), 2)
        assert busy.close_code == RESTART


async def test_a_stream_that_never_finishes_does_not_hold_the_server() -> None:
    async with echoing(asyncio.Event()) as (server, url), connect(url, proxy=None) as stuck:
        await stuck.send("never answered")
        await asyncio.sleep(0.2)
        server.should_exit = True
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(stuck.recv(), 10)


async def test_a_cancelled_stream_is_cancelled() -> None:
    streams = OpenStreams()

    class Silent:
        async def receive(self) -> dict[str, object]:
            await asyncio.Event().wait()
            return {}

    task = asyncio.create_task(streams.receive(Silent()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
