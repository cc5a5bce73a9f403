"""``WS /ws/page/{ticket}``: open as long as a page is; when it ends, the page's uploads and results are deleted.

Gradio tells the end of a page too, by an answer that it never ends. Browsers keep six connections to a site that speaks
HTTP/1.1, so that with six pages nothing else could be loaded; WebSockets are not among the six.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections import Counter

from fastapi import APIRouter, WebSocket

from frontend import token
from frontend.origin import same_origin
from frontend.shelf import Shelf

#: Seconds in which a page whose connection broke may come back before its files go.
GRACE_S = 120.0
FORBIDDEN = 4403
#: What a browser says when the user closes the page or leaves it.
_LEFT = (1000, 1001)

log = logging.getLogger(__name__)


def ticket(secret: bytes, session: str) -> str:
    """What lets a page tell that it is open, and nobody else that it has closed."""
    return f"{session}.{_signature(secret, session)}"


def router(secret: bytes, shelf: Shelf, grace_s: float = GRACE_S) -> APIRouter:
    """The route; include it before Gradio is mounted on ``/``."""
    routes = APIRouter()
    sockets: Counter[str] = Counter()
    waiting: set[asyncio.Task[None]] = set()

    @routes.websocket("/ws/page/{shown}")
    async def page(browser: WebSocket, shown: str) -> None:
        await browser.accept()
        session, _, signature = shown.partition(".")
        if not same_origin(browser) or not hmac.compare_digest(
            signature.encode(), _signature(secret, session).encode()
        ):
            await browser.close(FORBIDDEN, "this is not the page's own socket")
            return
        sockets[session] += 1
        code = await _until_it_ends(browser)
        sockets[session] -= 1
        task = asyncio.create_task(end(session, 0 if code in _LEFT else grace_s))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    async def end(session: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if sockets[session] == 0:
            del sockets[session]
            await asyncio.to_thread(shelf.end, session)

    return routes


async def _until_it_ends(browser: WebSocket) -> int:
    while (message := await browser.receive())["type"] != "websocket.disconnect":
        log.debug("a page said something, which it need not")
    return int(message.get("code") or 0)


def _signature(secret: bytes, session: str) -> str:
    return token.sign(secret, f"page {session}")
