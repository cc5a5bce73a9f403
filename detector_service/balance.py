"""Spreads streams over replicas: where frames wait too long for their turn, some streams are asked to connect again.

A stream stays on the replica on which it began: those that were there when a lesson began would keep all its streams,
and the replicas that the autoscaler adds would stay idle.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from detector_service.metrics import Metrics
from moodstream.leaving import OpenStreams

log = logging.getLogger(__name__)

#: How often this replica looks, and the mean wait that is too long (seconds); labels older than 0.3 s are shown as old.
EVERY_S, TOO_LONG_S = 10.0, 0.15
#: The share of its streams that it then parts with: few, so that all replicas together do not overshoot.
SHARE = 0.1


class Balance:
    """Looks at how long frames waited, and moves streams."""

    def __init__(self, streams: OpenStreams, metrics: Metrics) -> None:
        self._streams, self._metrics = streams, metrics
        self._waits: deque[float] = deque(maxlen=1000)

    def waited(self, seconds: float) -> None:
        """A frame waited so long for a thread that searches; called from any thread."""
        self._waits.append(seconds)

    async def run(self) -> None:
        """Look for as long as the service runs."""
        while True:
            await asyncio.sleep(EVERY_S)
            self.look()

    def look(self) -> int:
        """How many streams were asked to move."""
        waits = list(self._waits)
        self._waits.clear()
        # The only stream is not better off elsewhere.
        if len(self._streams) < 2 or not waits or sum(waits) / len(waits) < TOO_LONG_S:
            return 0
        moved = max(1, int(SHARE * len(self._streams)))
        wait_ms = 1000 * sum(waits) / len(waits)
        log.info("frames wait %.0f ms: %d of %d streams move", wait_ms, moved, len(self._streams))
        self._metrics.streams_moved.inc(moved)
        self._streams.move(moved)
        return moved
