from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import httpx
import pytest
from PIL import Image

from frontend.app import create_app
from frontend.picture import NotReadError, ask
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
            assert script.headers["content-type"].startswith("text/javascript")
            assert script.headers["cache-control"] == "no-cache"
            page = await client.get("/")
            assert "Before the camera starts" in page.text
        assert not uploads.exists()


async def test_the_detectors_sentence_reaches_the_reader_of_a_picture() -> None:
    png = io.BytesIO()
    Image.new("RGB", (200, 100)).save(png, "PNG")
    async with serving(detector) as port:
        address = f"http://127.0.0.1:{port}"
        assert (await asyncio.to_thread(ask, address, png.getvalue(), "image/png")).readings[0].label == "happy"
        with pytest.raises(NotReadError, match="This is not a picture"):
            await asyncio.to_thread(ask, address, b"nonsense", "image/png")
    with pytest.raises(NotReadError, match="cannot be reached"):
        await asyncio.to_thread(ask, address, png.getvalue(), "image/png")
