"""How long a frame was on its way, told from its capture stamp without trusting the sender's clock."""

from __future__ import annotations

import time
from collections.abc import Callable

#: The quickest frame of the last one to two of these spans is what others are compared with.
_SPAN_S = 30.0
#: A stamp this near to our own time is the reading of a clock; others count from anywhere and at any speed.
_CLOCK_S = 86_400.0
#: No buffer holds so much: a clock was set.
_IMPLAUSIBLE_S = 30.0


class Lag:
    """Compares a stream's frames with the quickest of them.

    Sockets, relays and networks hold frames back without anybody knowing, so a frame may be old when it comes. How far
    the sender's clock is from ours cannot be known, and does not matter: it is the same for all frames.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._since = float("-inf")
        self._quickest = self._quickest_before = float("inf")

    def of(self, captured_ms: int) -> float:
        """Seconds by which a frame that comes now took longer than the quickest; 0 if its stamp is no clock's."""
        now = self._clock()
        took = now - captured_ms / 1000
        if abs(took) > _CLOCK_S:
            return 0.0
        if now - self._since > _SPAN_S:
            self._since, self._quickest_before, self._quickest = now, self._quickest, float("inf")
        self._quickest = min(self._quickest, took)
        lag = took - min(self._quickest, self._quickest_before)
        if lag > _IMPLAUSIBLE_S:
            self._quickest = self._quickest_before = took
            return 0.0
        return lag
