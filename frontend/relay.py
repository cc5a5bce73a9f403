"""``WS /ws/stream``: bytes from the browser to the detector and back, looked at by nobody on the way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from frontend import metrics, token
from frontend.origin import same_origin
from moodstream import logs, tracing
from moodstream.leaving import RESTART, OpenStreams
from moodstream.settings import Settings

PROTOCOL = "moodstream.v1"
BAD_TOKEN = 4401
BAD_ORIGIN = 4403
GOING_AWAY = 1001
TRY_LATER = 1013
#: Codes that stand for "there was none" and must not be sent.
_UNSENDABLE = {1004, 1005, 1006, 1015}

log = logging.getLogger(__name__)


def router(settings: Settings, secret: bytes, streams: OpenStreams) -> APIRouter:
    """The relay's route; include it before Gradio is mounted on ``/``."""
    routes = APIRouter()
    upstream_url = "ws" + settings.detector_address.removeprefix("http") + "/v1/stream"

    @routes.websocket("/ws/stream")
    async def stream(browser: WebSocket) -> None:
        offered = browser.scope["subprotocols"]
        # Accepted before it is judged: a browser sees a close code only of a socket that was open.
        await browser.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        if not same_origin(browser):
            metrics.refused.labels("origin").inc()
            await browser.close(BAD_ORIGIN, "this page may not open a stream here")
            return
        if not any(token.check(secret, text, time.time()) for text in offered):
            metrics.refused.labels("token").inc()
            await browser.close(BAD_TOKEN, "the token is missing or has expired")
            return
        stream_id = logs.new_stream_id()
        with logs.about(stream_id), tracing.stream({}):
            await _relay(browser, streams, upstream_url, {logs.STREAM_HEADER: stream_id})

    return routes


async def _relay(browser: WebSocket, streams: OpenStreams, upstream_url: str, headers: dict[str, str]) -> None:
    """Carry one stream between browser and detector."""
    try:
        upstream = await connect(
            upstream_url,
            additional_headers=tracing.inject(headers),
            compression=None,
            proxy=None,
            open_timeout=5,
            close_timeout=1,
            max_queue=1,
            max_size=None,
        )
    except (OSError, InvalidHandshake) as error:
        log.warning("no stream to the detector at %s: %s", upstream_url, error)
        metrics.refused.labels("detector").inc()
        await _close_browser(browser, TRY_LATER, "the detector cannot be reached")
        return
    log.info("stream opened")
    async with upstream:
        with metrics.streams.track_inprogress():
            await _pump(browser, upstream, streams)
    log.info("stream closed", extra={"code": upstream.close_code})


class _Unanswered:
    """How many frames the detector has not answered yet."""

    def __init__(self) -> None:
        self.frames = 0
        self.none = asyncio.Event()
        self.none.set()

    def add(self, frames: int) -> None:
        self.frames = max(self.frames + frames, 0)
        (self.none.clear if self.frames else self.none.set)()


async def _pump(browser: WebSocket, upstream: ClientConnection, streams: OpenStreams) -> None:
    """Carry messages both ways until either side ends, then end the other with the same code."""
    unanswered = _Unanswered()
    up = asyncio.create_task(_to_detector(browser, upstream, streams, unanswered))
    down = asyncio.create_task(_to_browser(upstream, browser, unanswered))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (up, down):
            task.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
    if upstream.close_code is not None:
        await _close_browser(browser, _sendable(upstream.close_code), upstream.close_reason or "")


async def _to_detector(
    browser: WebSocket, upstream: ClientConnection, streams: OpenStreams, unanswered: _Unanswered
) -> None:
    with contextlib.suppress(ConnectionClosed), streams.serving():
        while (message := await streams.receive(browser)) is not None:
            if message["type"] == "websocket.disconnect":
                await upstream.close(_sendable(message.get("code") or GOING_AWAY))
                return
            data = message.get("bytes")
            unanswered.add(data is not None)
            await upstream.send(message["text"] if data is None else data)
            metrics.messages.labels("to_detector").inc()
        await unanswered.none.wait()
        await _close_browser(browser, RESTART, "this replica ends: connect again")
        await upstream.close(GOING_AWAY)


async def _to_browser(upstream: ClientConnection, browser: WebSocket, unanswered: _Unanswered) -> None:
    async for message in upstream:
        if isinstance(message, str):
            await browser.send_text(message)
        else:
            await browser.send_bytes(message)
        unanswered.add(-1)
        metrics.messages.labels("to_browser").inc()


async def _close_browser(browser: WebSocket, code: int, reason: str) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it has gone already
        await browser.close(code, reason)


def _sendable(code: int) -> int:
    return GOING_AWAY if code in _UNSENDABLE or not 1000 <= code <= 4999 else code
