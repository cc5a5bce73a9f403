"""The page's application: health, the relay, the live scripts, and Gradio on everything else."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
from fastapi import FastAPI, Response
from fastapi.staticfiles import StaticFiles

from frontend import about, login, picture, presence, relay, teaching, token, video
from frontend.shelf import SWEEP_EVERY_S, Shelf
from frontend.theme import theme
from moodstream import tracing
from moodstream.hosts import KnownHostsOnly
from moodstream.leaving import OpenStreams
from moodstream.palette import legend
from moodstream.settings import Settings

_HERE = Path(__file__).parent
_LIVE = _HERE / "live"
_LOOK = _HERE / "look"


def create_app(settings: Settings) -> FastAPI:
    """The whole page. Replicas must share ``settings.secret``; without one, this process makes its own."""
    secret = settings.secret.get_secret_value().encode() or secrets.token_bytes(32)
    shelf = Shelf()
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(shelf.root)}

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(shelf))
        yield
        sweeping.cancel()
        shelf.close()
        tracing.close()

    app = FastAPI(title="Moodstream page", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(KnownHostsOnly, bound_to=settings.page_host, allowed=settings.allowed_hosts)
    app.state.streams = OpenStreams()
    app.include_router(relay.router(settings, secret, app.state.streams))
    app.include_router(presence.router(secret, shelf))
    app.mount("/live", _Fresh(directory=_LIVE), name="live")
    app.mount("/look", _Fresh(directory=_LOOK), name="look")
    app.mount("/teach", _Fresh(directory=teaching.FOLDER), name="teach")

    @app.get("/healthz")
    @app.get("/livez")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Response:
        """The detector's own answer: the page is as ready as what stands behind it."""
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
                answer = await client.get(f"{settings.detector_address}/readyz")
        except httpx.HTTPError:
            return Response('{"status": "the detector cannot be reached"}', 503, media_type="application/json")
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    mounted: FastAPI = gr.mount_gradio_app(
        app,
        _blocks(settings, secret, shelf),
        path="/",
        ssr_mode=False,
        theme=theme(),
        css=_text(_LOOK / "page.css"),
        head=_text(_LOOK / "head.html"),
        footer_links=[],
        show_error=True,
        max_file_size=settings.max_upload_bytes,
        auth=login.checker(settings.users),
        auth_message=_text(_LOOK / "login.html"),
    )
    return mounted


async def _sweep(shelf: Shelf) -> None:
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        await asyncio.to_thread(shelf.sweep)


class _Fresh(StaticFiles):
    """Files that a browser asks about each time, so that a new version is never mixed with an old one."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _blocks(settings: Settings, secret: bytes, shelf: Shelf) -> Any:
    def stream_token(_: object) -> str:  # Gradio passes the call's argument even where there is none
        return token.make(secret, time.time())

    def ticket(request: gr.Request) -> Any:
        return gr.HTML(ticket=presence.ticket(secret, request.session_hash or ""))

    with gr.Blocks(title="Moodstream", analytics_enabled=False) as blocks:
        masthead = gr.HTML(
            html_template=_text(_LOOK / "header.html"),
            js_on_load=_text(_LOOK / "load.js"),
            ticket="",
            elem_id="masthead",
            padding=False,
        )
        with gr.Tabs():
            with gr.Tab("Live"):
                gr.HTML(
                    html_template=_text(_LIVE / "live.html"),
                    css_template=_text(_LIVE / "live.css"),
                    js_on_load=_text(_LIVE / "load.js"),
                    server_functions=[stream_token],
                    legend=legend(),
                    elem_id="live",
                    padding=False,
                )
            with gr.Tab("Picture"):
                picture.build(shelf, settings.detector_address)
            with gr.Tab("Video"):
                video.build(shelf, settings)
            with gr.Tab("Teach"):
                teaching.build(stream_token)
            with gr.Tab("About"):
                about.build(settings)
        gr.HTML(_text(_LOOK / "footer.html"), elem_id="colophon", padding=False)
        blocks.load(ticket, None, masthead, queue=False, show_progress="hidden")
    return blocks


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
