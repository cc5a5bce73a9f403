"""Which pages may open our sockets."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import WebSocket


def same_origin(browser: WebSocket) -> bool:
    """Browsers always send Origin with a WebSocket, and a foreign page cannot change it."""
    host = browser.headers.get("host", "")
    return bool(host) and urlsplit(browser.headers.get("origin", "")).netloc.lower() == host.lower()
