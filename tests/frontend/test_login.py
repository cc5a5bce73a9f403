from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from frontend import login, token
from frontend.app import create_app
from moodstream.settings import Settings

from .serving import serving
from .test_relay import browser, close_of

USERS = {"anna": "a secret", "ben": "x:y"}
#: What a stranger might ask of the page and its API; all of it must be refused.
CLOSED = ("config", "gradio_api/info", "gradio_api/queue/data?session_hash=x", "gradio_api/file=/etc/hostname")
SECRET = "shared by all replicas"


@pytest.fixture
async def page() -> AsyncIterator[int]:
    options = Settings(auth="anna:a secret, ben:x:y", secret=SECRET, detector_port=9)  # type: ignore[arg-type]
    async with serving(create_app(options)) as port:
        yield port


async def test_names_and_passwords_belong_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_WRONG_AFTER_S", 0.0)
    check = login.checker(USERS)
    assert check is not None
    assert await check("anna", "a secret")
    assert await check("ben", "x:y")
    for name, password in (("anna", "x:y"), ("anna", ""), ("", ""), ("carla", ""), ("anna", "a secret ")):
        assert not await check(name, password)
    assert login.checker({}) is None


async def test_a_stranger_gets_the_login_and_nothing_else(page: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{page}") as client:
        assert '"auth_required":true' in (await client.get("/")).text.replace(" ", "")
        for path in CLOSED:
            assert (await client.get(f"/{path}")).status_code == 401, path
        for path in ("gradio_api/upload", "gradio_api/component_server", "gradio_api/queue/join"):
            assert (await client.post(f"/{path}", json={})).status_code == 401, path
        assert (await client.get("/livez")).status_code == 200
    async with browser(page, "nothing") as ws:
        assert (await close_of(ws))[0] == 4401
    async with browser(page, token.make(SECRET.encode(), time.time() - 61)) as ws:
        assert (await close_of(ws))[0] == 4401


async def test_a_user_comes_in_and_gets_tokens_that_open_the_stream(page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_WRONG_AFTER_S", 0.0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{page}") as client:
        wrong = await client.post("/login", data={"username": "anna", "password": "x:y"})
        assert wrong.status_code == 400
        right = await client.post("/login", data={"username": "anna", "password": "a secret"})
        assert right.status_code == 200
        config = (await client.get("/config")).json()
        live = next(c for c in config["components"] if c["props"].get("elem_id") == "live")
        asked = {"data": None, "component_id": live["id"], "fn_name": "stream_token", "session_hash": "s"}
        given = (await client.post("/gradio_api/component_server", json=asked)).json()
        assert token.check(SECRET.encode(), given, time.time())
        async with browser(page, given) as ws:
            assert (await close_of(ws))[0] == 1013  # let in; there is no detector behind it
        await client.get("/logout")
        assert (await client.get("/config")).status_code == 401
