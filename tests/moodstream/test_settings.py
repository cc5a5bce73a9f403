from __future__ import annotations

import pytest

from moodstream.settings import Settings, settings


def test_users_are_names_and_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().users == {}  # type: ignore[call-arg]
    monkeypatch.setenv("MOODSTREAM_AUTH", "anna:a secret, ben:x:y,")
    assert Settings().users == {"anna": "a secret", "ben": "x:y"}  # type: ignore[call-arg]


def test_a_bad_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODSTREAM_AUTH", "anna;hush")
    settings.cache_clear()
    with pytest.raises(SystemExit, match=r"MOODSTREAM_AUTH=\(not shown\) is not usable: .*name:password") as refused:
        settings()
    assert "hush" not in str(refused.value)
