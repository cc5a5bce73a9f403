"""Keeps foreign names out: a page elsewhere that lets its name point at this machine (DNS rebinding) gets nothing.

Such an attack always calls by a name that is not ours, so numeric addresses and loopback names are always good. Other
names are good if ``MOODSTREAM_ALLOWED_HOSTS`` lists them; without a list, a service that listens on loopback takes no
other name, and one that listens for other machines takes any, since it cannot know what they call it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REFUSED = b"This host name is not known here: list it in MOODSTREAM_ALLOWED_HOSTS.\n"


class KnownHostsOnly:
    """ASGI middleware: refuses, with 403, requests whose Host header is not allowed.

    Args:
        app: what is protected.
        bound_to: the address on which it listens.
        allowed: names with commas between them, ``*`` for any, empty for the rule above.
    """

    def __init__(self, app: App, bound_to: str, allowed: str) -> None:
        self._app = app
        self._names = {name.strip().lower() for name in allowed.split(",") if name.strip()}
        if not self._names and not is_loopback(bound_to):
            self._names = {"*"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or self.allows(_host(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Closed before it is accepted, which servers turn into HTTP 403.
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "unknown host"})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(_REFUSED))]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": _REFUSED})

    def allows(self, host: str) -> bool:
        """Whether a Host header's value is one of ours."""
        if "*" in self._names:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        name = name.removesuffix(".")
        return name in self._names or is_loopback(name) or _is_numeric(name)


def is_loopback(name: str) -> bool:
    """Whether a host name or address always means this machine."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_numeric(name) and ipaddress.ip_address(name).is_loopback


def _is_numeric(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _host(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
