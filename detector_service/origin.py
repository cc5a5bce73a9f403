"""Keeps other people's pages from using a detector that listens on the visitor's own machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_DEFAULT_PORTS = {"http": 80, "https": 443}


class SameOriginOnly:
    """ASGI middleware: refuses, with 403, HTTP and WebSocket requests of a browser page from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not is_foreign(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Closed before it is accepted, which servers turn into HTTP 403.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "foreign origin"})
        else:
            await PlainTextResponse("Requests from other origins are refused.\n", 403)(scope, receive, send)


def is_foreign(headers: Headers) -> bool:
    """Whether an Origin header is there and names another host or port than Host does."""
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        page = urlsplit(origin)
        default = _DEFAULT_PORTS.get(page.scheme)
        host = urlsplit(f"//{headers.get('host', '')}")
        return page.hostname is None or (page.hostname, page.port or default) != (host.hostname, host.port or default)
    except ValueError:
        return True
