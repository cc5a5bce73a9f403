"""Short-lived tokens that let a page of ours open its socket; no state is kept about them."""

from __future__ import annotations

import hashlib
import hmac

#: Seconds for which a token can open a socket; a socket that is open stays open.
LIFETIME_S = 60


def make(secret: bytes, now: float) -> str:
    """A token made at ``now`` (seconds since the epoch), spelt in characters that a WebSocket subprotocol may have."""
    expires = str(int(now) + LIFETIME_S)
    return f"{expires}.{sign(secret, expires)}"


def check(secret: bytes, token: str, now: float) -> bool:
    """Whether ``token`` was made with ``secret`` and has not expired at ``now``."""
    expires, _, signature = token.partition(".")
    if not (token.isascii() and hmac.compare_digest(sign(secret, expires), signature)):
        return False
    return int(now) < int(expires)


def sign(secret: bytes, text: str) -> str:
    """The signature of ``text``, in hexadecimal."""
    return hmac.new(secret, b"moodstream.v1 " + text.encode(), hashlib.sha256).hexdigest()
