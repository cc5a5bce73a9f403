"""A network between browser and server that can fail: a TCP proxy on a port of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class Network:
    """Carries bytes to ``target`` until :meth:`cut`; :meth:`mend` lets new connections through again."""

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self._host, self._port = address.hostname, address.port
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._whole = True
        self.address = ""

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._call(self._cut)

    def mend(self) -> None:
        self._call(self._mend)

    def _call(self, does: object) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (does(), done.set()))  # type: ignore[operator]
        done.wait(5)

    def _cut(self) -> None:
        self._whole = False
        for writer in self._open:
            writer.transport.abort()

    def _mend(self) -> None:
        self._whole = True

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        with suppress(asyncio.CancelledError):
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._whole:
            writer.transport.abort()
            return
        there, here = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, here}
        with suppress(asyncio.CancelledError):
            await asyncio.gather(self._carry(reader, here), self._carry(there, writer))
        self._open -= {writer, here}

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        with suppress(OSError):
            sink.close()

    def run(self, ready: threading.Event) -> None:
        self._task = self._loop.create_task(self._serve(ready))
        self._loop.run_until_complete(self._task)
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    def stop(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._task.cancel)


@contextmanager
def network(target: str) -> Iterator[Network]:
    """A network to ``target`` until the block ends."""
    made, ready = Network(target), threading.Event()
    thread = threading.Thread(target=made.run, args=(ready,), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield made
    finally:
        made.stop()
        thread.join(10)
