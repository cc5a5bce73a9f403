"""Who may open the page: names and passwords from MOODSTREAM_AUTH, checked by Gradio's own login."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping

#: A wrong password is answered this late (seconds), so that guessing does not pay.
_WRONG_AFTER_S = 1.0


def checker(users: Mapping[str, str]) -> Callable[[str, str], Awaitable[bool]] | None:
    """What Gradio asks whether a name and a password belong together; none where everyone may come in."""
    if not users:
        return None

    async def check(name: str, password: str) -> bool:
        known = users.get(name, "")
        # An unknown name takes as long as a wrong password.
        if hmac.compare_digest(known.encode(), password.encode()) and known:
            return True
        await asyncio.sleep(_WRONG_AFTER_S)
        return False

    return check
