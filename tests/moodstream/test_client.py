"""The stream client against a server that speaks the protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from moodstream.client import ServiceError, Stream
from moodstream.types import Face, FrameReading, Problem, Reading
from moodstream.wire import unpack_frame


@asynccontextmanager
async def service(talk: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    async with serve(talk, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def test_hello_frames_and_answers() -> None:
    hellos = []

    async def talk(socket: ServerConnection) -> None:
        async for message in socket:
            if isinstance(message, str):
                hellos.append(json.loads(message))
                continue
            number, captured_ms, picture = unpack_frame(message)
            await socket.send(json.dumps(FrameReading(0, 0, "stale").to_json()))
            status = "ok" if picture == b"picture" else "error"
            await socket.send(json.dumps(FrameReading(number, captured_ms, status).to_json()))

    async with service(talk) as url, Stream(url + "/", view="group", smoothing=0.5) as stream:
        answer = await stream.read(b"picture", captured_ms=77)
        assert (answer.status, answer.captured_ms) == ("ok", 77)
        assert (await stream.read(b"other")).status == "error"
        assert stream.last == answer
        assert await stream.send(b"picture", frame=9) == 9
        await stream.receive()
        assert (await stream.receive()).frame == 9
        await stream.agree(view="individual", resume=FrameReading(5, 6, width=3, height=4))
        await stream.agree(smoothing=2)
        await stream.read(b"picture")
    assert hellos[0] == {"v": 1, "view": "group", "smoothing": 0.5}
    assert (hellos[1]["view"], hellos[1]["resume"]["captured_ms"]) == ("individual", 6)
    assert hellos[2] == {"v": 1, "view": "individual", "smoothing": 2}


async def test_a_refused_hello_says_why() -> None:
    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        refused = FrameReading(status="error", error=Problem("bad_hello", "The hello is not understood: view."))
        await socket.send(json.dumps(refused.to_json()))

    async with service(talk) as url, Stream(url, view="nonsense") as stream:
        with pytest.raises(ServiceError, match="not understood: view"):
            await stream.receive()


async def test_an_ended_stream_says_so_and_keeps_what_resumes_it() -> None:
    last = FrameReading(1, 2, width=64, height=48, readings=(Reading(Face((1.0, 2.0, 3.0, 4.0), 0.9, (), 5)),))

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.recv()
        await socket.send(json.dumps(last.to_json()))
        await socket.close(1012)

    async with service(talk) as url, Stream(url) as stream:
        answer = await stream.read(b"picture")
        assert answer.readings == last.readings
        with pytest.raises(ServiceError, match="no answer"):
            await stream.receive()
        with pytest.raises(ServiceError, match="ended"):
            await stream.send(b"picture")
        assert stream.last == answer


async def test_nobody_there() -> None:
    with pytest.raises(ServiceError, match=r"no stream to the detector service at ws://127\.0\.0\.1:1/"):
        async with Stream("http://127.0.0.1:1"):
            pass
