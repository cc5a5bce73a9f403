"""How a replica parts with its streams, or some: what it accepted is answered, then they connect again elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any, Protocol

import uvicorn

#: Close code of a stream that should connect again at once. A frame that is then unanswered was not accepted: send it
#: again.
RESTART = 1012
#: Longest that the streams may take to end; a live frame is answered within its deadline, which is shorter.
_WITHIN_S = 2.5


class Receives(Protocol):
    """A server's side of a WebSocket."""

    async def receive(self) -> MutableMapping[str, Any]: ...


class OpenStreams:
    """The streams that this process serves, each by one task."""

    def __init__(self) -> None:
        self._leaving = False
        self._serving: dict[asyncio.Task[Any], None] = {}  # in the order in which they came
        self._receiving: set[asyncio.Task[Any]] = set()
        self._parting: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._serving)

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        """The current task serves a stream until the block ends."""
        task = _current_task()
        self._serving[task] = None
        try:
            yield
        finally:
            del self._serving[task]
            self._parting.discard(task)

    async def receive(self, stream: Receives) -> MutableMapping[str, Any] | None:
        """The next message of a stream; None when no more is to be accepted, since it should go on elsewhere."""
        task = _current_task()
        if self._leaving or task in self._parting:
            return None
        self._receiving.add(task)
        try:
            return await stream.receive()
        except asyncio.CancelledError:
            if (self._leaving or task in self._parting) and task.cancelling() == 1:
                task.uncancel()
                return None
            raise
        finally:
            self._receiving.discard(task)

    def move(self, count: int) -> None:
        """Ask ``count`` streams, those that came last, to go on elsewhere."""
        for task in list(self._serving)[-count:]:
            self._parting.add(task)
            if task in self._receiving:
                task.cancel()

    async def leave(self) -> None:
        """Accept nothing more, and wait until all streams have been answered and closed."""
        self._leaving = True
        for task in self._receiving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving, timeout=_WITHIN_S)


def serve(app: Any, streams: OpenStreams, **options: Any) -> None:
    """Run an ASGI application with Uvicorn's ``options`` until SIGINT or SIGTERM, and let its ``streams`` finish."""
    server = Server(uvicorn.Config(app, **options), streams)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(3)  # as Uvicorn does; the reason is in the log


class Server(uvicorn.Server):
    """Uvicorn ends streams at once; this server lets them finish first."""

    def __init__(self, config: uvicorn.Config, streams: OpenStreams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in self.servers:
            listener.close()
        await self._streams.leave()
        await super().shutdown(sockets)


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "streams are served in tasks"
    return task
