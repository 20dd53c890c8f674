"""Options of URIs."""

from __future__ import annotations

import pytest

from strongroom.errors import UsageError
from strongroom.keys.kek.uri import split


def test_a_uri_has_a_body_and_options() -> None:
    """Options are unescaped, and names below a prefix are taken."""
    assert split("x:https://h/p?a=b%20c&n.z=1", "x", ("a", "n.")) == ("https://h/p", {"a": "b c", "n.z": "1"})
    assert split("x:body", "x", ()) == ("body", {})


@pytest.mark.parametrize("uri", ["x:b?", "x:b?a", "x:b?a=", "x:b?a=1&a=2", "x:b?c=1", "x:b?n.=1", "x:b?a=%00", "x:\n"])
def test_what_is_not_clear_is_refused(uri: str) -> None:
    """Unknown, repeated, empty and unprintable options are errors, whose text does not repeat a value."""
    with pytest.raises(UsageError):
        split(uri, "x", ("a", "n."))


def test_an_unknown_option_is_not_repeated() -> None:
    """Somebody may have put a token there."""
    with pytest.raises(UsageError) as caught:
        split("x:b?token-s3cret=s3cret", "x", ("a",))
    assert "s3cret" not in caught.value.message + caught.value.hint
