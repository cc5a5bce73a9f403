from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from frontend import relay, token
from moodstream.leaving import RESTART, OpenStreams
from moodstream.settings import Settings

from .serving import serving

SECRET = b"a secret of the test"


class Upstream:
    """Echoes what it gets, ends with 4321 when told to, and remembers how its streams ended."""

    def __init__(self) -> None:
        self.origins: list[str | None] = []
        self.ends: asyncio.Queue[int | None] = asyncio.Queue()

    async def __call__(self, ws: ServerConnection) -> None:
        assert ws.request is not None
        assert ws.request.path == "/v1/stream"
        assert "Sec-WebSocket-Extensions" not in ws.request.headers
        self.origins.append(ws.request.headers.get("Origin"))
        try:
            async for message in ws:
                if message == "end":
                    await ws.close(4321, "as you wish")
                await ws.send(message)
        except ConnectionClosed:
            pass
        await ws.wait_closed()
        self.ends.put_nowait(ws.close_code)


@pytest.fixture
async def upstream() -> AsyncIterator[tuple[Upstream, int]]:
    handler = Upstream()
    async with serve(handler, "127.0.0.1", 0) as server:
        yield handler, next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def page(detector_port: int) -> AsyncIterator[int]:
    app = FastAPI()
    app.include_router(relay.router(Settings(detector_port=detector_port), SECRET, OpenStreams()))  # type: ignore[call-arg]
    async with serving(app) as port:
        yield port


def browser(port: int, text: str | None = None, origin: str | None = "") -> connect:
    protocols = [relay.PROTOCOL, token.make(SECRET, time.time()) if text is None else text]
    origin = f"http://127.0.0.1:{port}" if origin == "" else origin
    return connect(
        f"ws://127.0.0.1:{port}/ws/stream",
        subprotocols=protocols,  # type: ignore[arg-type]
        origin=origin,  # type: ignore[arg-type]
        proxy=None,
    )


async def close_of(ws: ClientConnection) -> tuple[int | None, str | None]:
    await asyncio.wait_for(ws.wait_closed(), 5)
    return ws.close_code, ws.close_reason


async def test_bytes_and_text_pass_both_ways_unchanged(upstream: tuple[Upstream, int]) -> None:
    handler, detector_port = upstream
    async with page(detector_port) as port, browser(port) as ws:
        assert ws.subprotocol == relay.PROTOCOL
        for message in ('{"v": 1}', b"\x00\xff" * 50_000, b"", "ü"):
            await ws.send(message)
            assert await asyncio.wait_for(ws.recv(), 5) == message
        assert handler.origins == [None]


async def test_the_upstream_stream_ends_with_the_browsers(upstream: tuple[Upstream, int]) -> None:
    handler, detector_port = upstream
    async with page(detector_port) as port:
        async with browser(port) as ws:
            await ws.send("hello")
            await ws.recv()
        assert await asyncio.wait_for(handler.ends.get(), 5) == 1000
        ws = await browser(port)
        await ws.send("hello")
        await ws.recv()
        ws.transport.abort()
        assert await asyncio.wait_for(handler.ends.get(), 5) == relay.GOING_AWAY


async def test_the_detectors_close_code_reaches_the_browser(upstream: tuple[Upstream, int]) -> None:
    async with page(upstream[1]) as port, browser(port) as ws:
        await ws.send("end")
        assert await close_of(ws) == (4321, "as you wish")


async def test_bad_tokens_are_refused(upstream: tuple[Upstream, int]) -> None:
    async with page(upstream[1]) as port:
        for text in ("nonsense", token.make(SECRET, time.time() - 61), token.make(b"another", time.time())):
            async with browser(port, text) as ws:
                assert (await close_of(ws))[0] == relay.BAD_TOKEN
    assert upstream[0].origins == []


async def test_foreign_and_missing_origins_are_refused(upstream: tuple[Upstream, int]) -> None:
    async with page(upstream[1]) as port:
        for origin in ("https://elsewhere.example", f"http://localhost:{port}", "null", None):
            async with browser(port, origin=origin) as ws:
                assert (await close_of(ws))[0] == relay.BAD_ORIGIN
    assert upstream[0].origins == []


async def test_an_unreachable_detector_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        async with page(free.getsockname()[1]) as port, browser(port) as ws:
            assert await close_of(ws) == (relay.TRY_LATER, "the detector cannot be reached")


async def test_a_page_that_ends_lets_the_detector_answer_first() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(ws: ServerConnection) -> None:
        async for message in ws:
            asked.set()
            await go.wait()
            await ws.send(f"answer to {len(message)} bytes")

    async with serve(slow, "127.0.0.1", 0) as server:
        streams = OpenStreams()
        app = FastAPI()
        port_of_detector = next(iter(server.sockets)).getsockname()[1]
        app.include_router(relay.router(Settings(detector_port=port_of_detector), SECRET, streams))  # type: ignore[call-arg]
        async with serving(app) as port, browser(port) as ws:
            await ws.send(b"frame")
            await asyncio.wait_for(asked.wait(), 5)
            leaving = asyncio.create_task(streams.leave())
            await asyncio.sleep(0.1)
            go.set()
            assert await asyncio.wait_for(ws.recv(), 5) == "answer to 5 bytes"
            assert (await close_of(ws))[0] == RESTART
            await leaving
