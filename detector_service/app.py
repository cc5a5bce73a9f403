"""The detector's HTTP and WebSocket interface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from detector_service.balance import Balance
from detector_service.decode import PictureError
from detector_service.group import picture_as_group
from detector_service.metrics import Metrics
from detector_service.origin import SameOriginOnly
from detector_service.service import FrameService, http_status
from detector_service.session import Session
from detector_service.stream import NoHello, Stream
from moodstream import logs, tracing
from moodstream.hosts import KnownHostsOnly
from moodstream.leaving import RESTART, OpenStreams
from moodstream.settings import Settings, settings
from moodstream.types import FrameReading, Problem, View

log = logging.getLogger(__name__)

_LARGEST = 2**53 - 1  # what JSON numbers carry without loss
_Whole = Annotated[int, Query(ge=0, le=_LARGEST)]
_PICTURE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": dict.fromkeys(("image/jpeg", "image/png", "image/webp"), _PICTURE),
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "No picture, or a damaged one"},
    413: {"description": "Too many bytes or pixels"},
    415: {"description": "Not a JPEG, PNG or WebP picture, or an animated one"},
    503: {"description": "Overloaded, or the queue is down; Retry-After says when to come again"},
    504: {"description": "No answer before the deadline (status stale)"},
}


def create_app(options: Settings | None = None) -> FastAPI:
    """The ASGI application; detectors and connections live from its start-up to its shutdown."""
    chosen = options or settings()
    metrics = Metrics()
    view: View = "individual" if chosen.individual else "group"

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _service(chosen, metrics, app.state.streams) as app.state.service:
            yield

    app = FastAPI(title="Moodstream detector", version="1", lifespan=lifespan)
    app.state.streams = OpenStreams()
    app.add_middleware(SameOriginOnly)
    app.add_middleware(KnownHostsOnly, bound_to=chosen.detector_host, allowed=chosen.allowed_hosts)

    @app.post("/v1/frames", responses=_ANSWERS, openapi_extra=_BODY)
    async def frames(request: Request, frame: _Whole = 0, captured_ms: _Whole = 0) -> JSONResponse:
        """Read the faces in one picture; every answer, good or bad, has the same fields."""
        service: FrameService = app.state.service

        def refused(problem: Problem, status: int) -> JSONResponse:
            answer = FrameReading(frame, captured_ms, "error", problem, view=view)
            metrics.count(answer)
            return JSONResponse(answer.to_json(), status)

        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and kind != "application/octet-stream" and not kind.startswith("image/"):
            message = f"Send the picture as the body with Content-Type image/jpeg, not {kind}."
            return refused(Problem("content_type", message), 415)
        try:
            picture = await _body(request, chosen.max_body_bytes)
        except PictureError as error:
            return refused(Problem(error.code, error.message), error.http_status)
        except ClientDisconnect:
            return refused(Problem("disconnected", "The sender went away."), 400)
        stream = logs.stream_id(request.headers.get(logs.STREAM_HEADER))
        with logs.about(stream), tracing.received("POST /v1/frames", request.headers):
            answer = await service.read(picture, frame, captured_ms)
        if not chosen.individual:
            answer = picture_as_group(answer, chosen.group_min)
        status = http_status(answer)
        return JSONResponse(answer.to_json(), status, {"Retry-After": "1"} if status == 503 else None)

    @app.websocket("/v1/stream")
    async def stream(socket: WebSocket) -> None:
        with logs.about(logs.stream_id(socket.headers.get(logs.STREAM_HEADER))), tracing.stream(socket.headers):
            await _talk(socket, app.state.service, app.state.streams, metrics, chosen)

    @app.get("/healthz")
    @app.get("/livez", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        """Whether the process runs at all."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: {"description": "Not ready; the reason says why"}})
    async def readyz() -> JSONResponse:
        """Whether a frame sent now would be answered, with the name of the active detector."""
        service: FrameService = app.state.service
        state = await service.ready()
        return JSONResponse(state, 200 if state["ready"] else 503)

    @app.get("/metrics", include_in_schema=False)
    async def prometheus() -> Response:
        service: FrameService = app.state.service
        text = metrics.text(await service.depths.waiting(), await service.depths.unacknowledged())
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return app


@contextlib.asynccontextmanager
async def _service(options: Settings, metrics: Metrics, streams: OpenStreams) -> AsyncIterator[FrameService]:
    """The frame service while the application runs, and what looks after its load."""
    balance = Balance(streams, metrics)
    service = FrameService(options, metrics, balance.waited)
    balancing = asyncio.create_task(balance.run()) if options.rebalance else None
    try:
        await service.start()
        yield service
    finally:
        if balancing is not None:
            balancing.cancel()
        await service.close()
        tracing.close()


async def _talk(
    socket: WebSocket, service: FrameService, streams: OpenStreams, metrics: Metrics, options: Settings
) -> None:
    """Serve one stream until either side ends it."""
    await socket.accept()
    session = Session(options.individual, options.group_min)
    talk = Stream(service, socket.send_text, options.deadline_ms / 1000, session, metrics)
    metrics.streams.inc()
    log.info("stream opened")
    try:
        with streams.serving():
            while (message := await streams.receive(socket)) is not None:
                if message["type"] == "websocket.disconnect":
                    return
                if message.get("bytes") is not None:
                    await talk.frame(message["bytes"])
                elif message.get("text") is not None:
                    await talk.hello(message["text"])
            await talk.finish()
            await socket.close(RESTART, "go on elsewhere: connect again")
    except NoHello:
        await socket.close(1008, "no hello")
    except (WebSocketDisconnect, OSError, RuntimeError):
        pass  # the browser went away while we spoke
    finally:
        metrics.streams.dec()
        log.info("stream closed")
        await talk.close()


async def _body(request: Request, limit: int) -> bytes:
    """The body, read no further than the limit.

    Raises:
        PictureError: it is larger.
    """
    too_large = PictureError("body_too_large", f"A picture file may have at most {limit} bytes.")
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)
