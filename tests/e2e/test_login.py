"""The login in a browser: strangers get nothing, users get streams, and a stream comes back with a fresh token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from frontend import token
from frontend.app import create_app
from moodstream.settings import Settings
from tests.frontend.serving import serving_apart

from .live import agree

NAME, PASSWORD = "anna", "a long secret"
LIFETIME_S = 5


@pytest.fixture
def guarded(stack: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a page with a login, in front of the product's detector; its tokens live shortly."""
    monkeypatch.setattr(token, "LIFETIME_S", LIFETIME_S)
    port = urlsplit(stack[1]).port
    settings = Settings(auth=f"{NAME}:{PASSWORD}", detector_port=port)  # type: ignore[call-arg, arg-type]
    with serving_apart(create_app(settings)) as own:
        yield f"http://127.0.0.1:{own}"


def _sign_in(page: Any, password: str) -> None:
    page.get_by_label("username").fill(NAME)
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()


def test_a_user_signs_in_and_streams_and_a_broken_stream_comes_back_after_its_token_expired(
    browse: Callable[..., Any], guarded: str
) -> None:
    context = browse()
    page = context.new_page()
    page.goto(guarded)
    page.get_by_label("username").wait_for()
    assert page.get_by_role("tab").count() == 0
    _sign_in(page, "a wrong secret")
    page.get_by_text("Incorrect Credentials").wait_for()
    _sign_in(page, PASSWORD)
    calls: list[Any] = []
    page.on("response", lambda call: calls.append(call) if "component_server" in call.url else None)
    agree(page)
    until = 1000 * int(calls[0].json().partition(".")[0])
    page.wait_for_function(f"Date.now() > {until}")  # the socket that is open stays open
    answered = page.evaluate("window.__moodstream.answered")
    page.wait_for_function(f"window.__moodstream.answered > {answered} + 3")
    context.set_offline(True)
    page.wait_for_function("window.__moodstream.closes.length === 1")
    context.set_offline(False)
    answered = page.evaluate("window.__moodstream.answered")
    page.wait_for_function(f"window.__moodstream.answered > {answered} + 3")
    assert calls[-1].json() != calls[0].json()


@pytest.mark.parametrize("path", ["config", "gradio_api/info", "gradio_api/upload", "gradio_api/component_server"])
def test_strangers_get_nothing_from_the_api(guarded: str, path: str) -> None:
    reply = httpx.post if "_" in path.rpartition("/")[2] or path.endswith("upload") else httpx.get
    assert reply(f"{guarded}/{path}", timeout=60).status_code == 401
