"""The login in a browser: strangers get nothing, users get streams, and a stream comes back with a fresh token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from frontend import token
from tests.running import Running, moodstream_up

from .live import agree
from .tabs import SLOW_MS

NAME, PASSWORD = "anna", "a long secret"


@pytest.fixture(scope="module")
def guarded(chromium: str) -> Iterator[Running]:
    with moodstream_up("--workers", "1", MOODSTREAM_AUTH=f"{NAME}:{PASSWORD}") as running:
        yield running


def _sign_in(page: Any, password: str) -> None:
    page.get_by_label("username").fill(NAME)
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()


def test_a_user_signs_in_and_streams_and_a_broken_stream_comes_back_after_its_token_expired(
    browse: Callable[..., Any], guarded: Running
) -> None:
    context = browse()
    page = context.new_page()
    page.goto(guarded.page)
    page.get_by_label("username").wait_for(timeout=SLOW_MS)
    assert page.get_by_role("tab").count() == 0
    _sign_in(page, "a wrong secret")
    page.get_by_text("Incorrect Credentials").wait_for(timeout=SLOW_MS)
    _sign_in(page, PASSWORD)
    tokens: list[str] = []
    page.on(
        "response",
        lambda response: tokens.append(response.text()) if response.url.endswith("component_server") else None,
    )
    agree(page)
    (first,) = tokens
    page.wait_for_timeout((token.LIFETIME_S + 2) * 1000)  # the socket that is open stays open
    answered = page.evaluate("window.__moodstream.answered")
    page.wait_for_function(f"window.__moodstream.answered > {answered} + 3", timeout=SLOW_MS)
    context.set_offline(True)
    page.wait_for_function("window.__moodstream.closes.length === 1", timeout=SLOW_MS)
    context.set_offline(False)
    answered = page.evaluate("window.__moodstream.answered")
    page.wait_for_function(f"window.__moodstream.answered > {answered} + 3", timeout=SLOW_MS)
    assert tokens[-1] != first
