"""How a simulated browser comes in: through the page with a token, or straight to a detector."""

from __future__ import annotations

import secrets
import ssl
from dataclasses import dataclass
from typing import Any, Protocol

import httpx


class Door(Protocol):
    """Something that streams are opened through."""

    async def opening(self) -> dict[str, Any]:
        """Arguments for ``websockets.connect``, for one stream.

        Raises:
            httpx.HTTPError: it cannot be reached.
        """
        ...


@dataclass
class Detector:
    """The detector's own socket, as other services use it."""

    url: str

    async def opening(self) -> dict[str, Any]:
        return {"uri": _socket(self.url) + "/v1/stream"}


@dataclass
class Page:
    """The page's socket: each stream asks the page for a token first, as the script in a browser does."""

    url: str
    login: str = ""
    component: int | None = None

    async def opening(self) -> dict[str, Any]:
        known = ssl.create_default_context()  # the machine's certificates, or those of SSL_CERT_FILE
        async with httpx.AsyncClient(base_url=self.url, timeout=10, trust_env=False, verify=known) as client:
            if self.login:
                name, _, password = self.login.partition(":")
                (await client.post("/login", data={"username": name, "password": password})).raise_for_status()
            if self.component is None:
                config = (await client.get("/config")).raise_for_status().json()
                self.component = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "live")
            question = {"component_id": self.component, "fn_name": "stream_token", "data": None}
            question["session_hash"] = secrets.token_hex(6)
            answer = (await client.post("/gradio_api/component_server", json=question)).raise_for_status()
        return {
            "uri": _socket(self.url) + "/ws/stream",
            "subprotocols": ["moodstream.v1", answer.json()],
            "origin": self.url,
        }


def _socket(url: str) -> str:
    return "ws" + url.removeprefix("http")
