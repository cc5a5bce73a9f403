from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from websockets.asyncio.client import connect

from frontend import presence
from frontend.shelf import Shelf

from .serving import serving

SECRET = b"a secret of the test"


@asynccontextmanager
async def page(shelf: Shelf, grace_s: float) -> AsyncIterator[int]:
    app = FastAPI()
    app.include_router(presence.router(SECRET, shelf, grace_s))
    async with serving(app) as port:
        yield port


def browser(port: int, ticket: str, origin: str | None = None) -> connect:
    origin = origin or f"http://127.0.0.1:{port}"
    return connect(f"ws://127.0.0.1:{port}/ws/page/{ticket}", origin=origin, proxy=None)  # type: ignore[arg-type]


async def _gone(shelf: Shelf) -> None:
    async with asyncio.timeout(10):
        while shelf.root.exists() and any(shelf.root.iterdir()):
            await asyncio.sleep(0.01)


async def test_files_go_when_the_last_socket_of_their_page_is_closed(shelf: Shelf) -> None:
    mine, other = shelf.session("mine"), shelf.session("other")
    async with page(shelf, grace_s=600) as port:
        async with browser(port, presence.ticket(SECRET, "other")):
            async with browser(port, presence.ticket(SECRET, "mine")):
                async with browser(port, presence.ticket(SECRET, "mine")):
                    assert mine.folder.exists()
                await asyncio.sleep(0.1)
                assert mine.folder.exists()
            async with asyncio.timeout(10):
                await asyncio.to_thread(mine.closed.wait)
            assert other.folder.exists()
        await _gone(shelf)


async def test_a_page_whose_network_broke_may_come_back(shelf: Shelf) -> None:
    session = shelf.session("mine")
    ticket = presence.ticket(SECRET, "mine")
    async with page(shelf, grace_s=0.3) as port:
        broken = await browser(port, ticket)
        broken.transport.abort()
        async with browser(port, ticket):
            await asyncio.sleep(0.6)
            assert session.folder.exists()
        await _gone(shelf)
        session = shelf.session("mine")
        gone = await browser(port, ticket)
        gone.transport.abort()
        await asyncio.sleep(0.1)
        assert session.folder.exists()
        await _gone(shelf)


async def test_strangers_cannot_end_a_page(shelf: Shelf) -> None:
    session = shelf.session("mine")
    ticket = presence.ticket(SECRET, "mine")
    async with page(shelf, grace_s=0) as port:
        foreign = (("mine", None), (f"mine.{'0' * 64}", None), (ticket.replace("mine", "your"), None))
        for text, origin in (*foreign, (ticket, "http://elsewhere.example")):
            async with browser(port, text, origin) as ws:
                await asyncio.wait_for(ws.wait_closed(), 5)
                assert ws.close_code == presence.FORBIDDEN
        await asyncio.sleep(0.1)
        assert session.folder.exists()
