"""Which names a service answers to."""

from __future__ import annotations

import pytest

from moodstream.hosts import KnownHostsOnly


@pytest.mark.parametrize(
    ("bound_to", "allowed", "host", "good"),
    [
        ("127.0.0.1", "", "localhost:8000", True),
        ("127.0.0.1", "", "127.0.0.1:8000", True),
        ("127.0.0.1", "", "[::1]:8000", True),
        ("localhost", "", "LOCALHOST.", True),
        ("127.0.0.1", "", "evil.example:8000", False),
        ("127.0.0.1", "", "localhost.evil.example", False),
        ("127.0.0.1", "", "127.0.0.1.evil.example", False),
        ("127.0.0.1", "", "", False),
        ("127.0.0.1", "", "[", False),
        ("127.0.0.1", "moods.example, Other.example", "moods.example", True),
        ("127.0.0.1", "moods.example, Other.example", "other.example:443", True),
        ("127.0.0.1", "moods.example", "evil.example", False),
        ("127.0.0.1", "*", "anything.example", True),
        ("0.0.0.0", "", "detector:8000", True),
        ("0.0.0.0", "detector", "detector:8000", True),
        ("0.0.0.0", "detector", "10.1.2.3:8000", True),  # a probe of the kubelet
        ("0.0.0.0", "detector", "evil.example", False),
    ],
)
def test_names(bound_to: str, allowed: str, host: str, good: bool) -> None:
    async def app(*_: object) -> None: ...

    assert KnownHostsOnly(app, bound_to, allowed).allows(host) is good
