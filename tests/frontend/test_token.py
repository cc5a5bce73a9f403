from __future__ import annotations

from frontend import token

SECRET = b"a secret of the test"
NOW = 1_700_000_000.4


def test_a_token_opens_for_sixty_seconds_and_no_longer() -> None:
    text = token.make(SECRET, NOW)
    assert token.check(SECRET, text, NOW)
    assert token.check(SECRET, text, NOW + 59)
    assert not token.check(SECRET, text, NOW + 61)


def test_other_secrets_changed_expiries_and_nonsense_are_refused() -> None:
    text = token.make(SECRET, NOW)
    expires, _, signature = text.partition(".")
    assert not token.check(b"another", text, NOW)
    assert not token.check(SECRET, f"{int(expires) + 9}.{signature}", NOW)
    for nonsense in ("", ".", "moodstream.v1", "a.b", expires, signature, "é.ü"):
        assert not token.check(SECRET, nonsense, NOW)


def test_a_token_is_a_valid_subprotocol() -> None:
    assert set(token.make(SECRET, NOW)) <= set("0123456789abcdef.")
