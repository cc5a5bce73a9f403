"""A client of the detector service for Python programs."""

from __future__ import annotations

import itertools
import json
import time
from types import TracebackType
from typing import Any, Self

import httpx
from opentelemetry.trace import SpanKind
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from moodstream import logs, tracing
from moodstream.types import VERSION, FrameReading
from moodstream.wire import pack_frame

#: Codes of a hello that was not taken.
_HELLO_REFUSED = ("bad_hello", "not_supported")


class ServiceError(RuntimeError):
    """The detector service could not be reached or answered something else than an answer."""


class Client:
    """Sends pictures to a detector service: ``with Client("http://127.0.0.1:8000") as client: client.read(bytes)``."""

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def is_ready(self) -> bool:
        """Whether the service says that a frame would be answered."""
        try:
            return self._http.get("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def read(self, picture: bytes) -> FrameReading:
        """The answer to one JPEG, PNG or WebP picture; a refused picture is an answer with status ``error``.

        Raises:
            ServiceError: no answer came.
        """
        try:
            headers = {"Content-Type": "application/octet-stream", logs.STREAM_HEADER: logs.stream_id()}
            with tracing.span("picture", SpanKind.CLIENT):
                answer = self._http.post("/v1/frames", content=picture, headers=tracing.inject(headers))
            return FrameReading.from_json(answer.json())
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            raise ServiceError(f"no answer from the detector service at {self._http.base_url}: {error}") from error


class Stream:
    """One stream of frames to a detector service, with seats, smoothing and a group.

    ::

        async with Stream("http://127.0.0.1:8000", view="group") as stream:
            answer = await stream.read(jpeg)

    Several frames may be under way: :meth:`send` them and :meth:`receive` the answers, one for each frame. A live
    stream answers the newest frame first and those that it replaced as ``stale``; a recorded one keeps the order.

    Args:
        url: the service, as for :class:`Client`.
        hello: what the stream is asked for: ``mode``, ``view``, ``smoothing``, ``embeddings``, ``adaptation``,
            ``resume`` and ``window`` of the protocol. ``resume`` may be the :attr:`last` of a stream that broke.
    """

    def __init__(self, url: str, **hello: Any) -> None:
        self._url = "ws" + url.rstrip("/").removeprefix("http") + "/v1/stream"
        self._hello = hello
        self._numbers = itertools.count(1)
        self._socket: ClientConnection | None = None
        #: The last answer with status ``ok``, from which another stream can resume.
        self.last: FrameReading | None = None

    async def __aenter__(self) -> Self:
        try:
            self._socket = await connect(self._url, compression=None, proxy=None, max_size=None)
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise ServiceError(f"no stream to the detector service at {self._url}: {error}") from error
        await self.agree()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def agree(self, **changes: Any) -> None:
        """Send the hello, again with ``changes`` if there are any; what is not changed stays as it was.

        Raises:
            ServiceError: the stream has ended.
        """
        self._hello |= changes
        hello = {"v": VERSION, **self._hello}
        if isinstance(hello.get("resume"), FrameReading):
            hello["resume"] = hello["resume"].to_json()
        await self._send(json.dumps(hello))
        self._hello.pop("resume", None)  # once: from here on the service knows better

    async def send(self, picture: bytes, captured_ms: int | None = None, frame: int | None = None) -> int:
        """Send a JPEG, PNG or WebP picture, taken now if not said otherwise; the number that its answer will carry.

        Raises:
            ServiceError: the stream has ended.
        """
        number = next(self._numbers) if frame is None else frame
        stamp = round(time.time() * 1000) if captured_ms is None else captured_ms
        await self._send(pack_frame(number, stamp, picture))
        return number

    async def receive(self) -> FrameReading:
        """The next answer, whichever frame's it is; a refused picture is an answer with status ``error``.

        Raises:
            ServiceError: the stream has ended, or the service refused the hello.
        """
        assert self._socket is not None, "a stream is used inside `async with`"
        try:
            answer = FrameReading.from_json(json.loads(await self._socket.recv()))
        except (ConnectionClosed, KeyError, TypeError, ValueError) as error:
            raise ServiceError(f"no answer from the detector service at {self._url}: {error}") from error
        if answer.error is not None and answer.error.code in _HELLO_REFUSED:
            raise ServiceError(answer.error.message)
        if answer.status == "ok":
            self.last = answer
        return answer

    async def read(self, picture: bytes, captured_ms: int | None = None) -> FrameReading:
        """The answer to one picture; those to frames sent before and not received yet are passed over.

        Raises:
            ServiceError: the stream has ended, or the service refused the hello.
        """
        number = await self.send(picture, captured_ms)
        while (answer := await self.receive()).frame != number:
            pass
        return answer

    async def _send(self, message: str | bytes) -> None:
        assert self._socket is not None, "a stream is used inside `async with`"
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise ServiceError(f"the stream to {self._url} has ended: {error}") from error
