from __future__ import annotations

import os
from pathlib import Path

import httpx

from frontend.app import create_app
from moodstream.settings import Settings

from .fake_detector import app as detector
from .serving import serving


async def test_the_page_its_scripts_and_its_health_are_served() -> None:
    async with serving(detector) as detector_port:
        app = create_app(Settings(detector_port=detector_port))  # type: ignore[call-arg]
        uploads = Path(os.environ["GRADIO_TEMP_DIR"])
        async with serving(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            assert (await client.get("/readyz")).json() == {"status": "ready"}
            script = await client.get("/live/main.js")
            assert "/javascript" in script.headers["content-type"]
            assert script.headers["cache-control"] == "no-cache"
            page = await client.get("/")
            assert "Before the first picture" in page.text
        assert not uploads.exists()
