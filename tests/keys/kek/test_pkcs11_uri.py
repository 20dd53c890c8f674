"""PKCS#11 URIs."""

from __future__ import annotations

import pytest

from strongroom.errors import UsageError
from strongroom.keys.kek.pkcs11_uri import Uri, parse

QUERY = "?module-path=/usr/lib/p11.so&pin-source=file:/run/pin"


def test_a_uri_says_which_key() -> None:
    """Attributes are taken apart and unescaped as RFC 7512 section 2.3 has them."""
    assert parse(f"pkcs11:token=My%20token;serial=01;object=a%3Bb;id=%01%fF;type=secret-key{QUERY}") == Uri(
        (("token", "My token"), ("serial", "01")), "a;b", b"\x01\xff", "/usr/lib/p11.so", "file:/run/pin"
    )


def test_a_label_stands_escaped_in_the_ids_of_versions() -> None:
    """A label with a colon cannot be taken for a label and an id."""
    assert parse(f"pkcs11:token=t;object=a%3Ab{QUERY}").key_name == "a%3Ab"


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=t",
        "pkcs11:token=t" + QUERY,
        "pkcs11:object=o" + QUERY,
        "pkcs11:token=t;object=o",
        "pkcs11:token=t;object=o?pin-source=file:/run/pin",
        "pkcs11:token=t;object=o?module-path=p11.so&pin-source=file:/run/pin",
        "pkcs11:token=t;object=o?module-path=/p11.so",
        "pkcs11:token=t;object=o?module-path=/p11.so&pin-source=|command",
        "pkcs11:token=t;object=o;object=p" + QUERY,
        "pkcs11:token=t;object=" + QUERY,
        "pkcs11:token=t;object=%zz" + QUERY,
        "pkcs11:token=t;object=%ff" + QUERY,
        "pkcs11:token=t;object=a%0Ab" + QUERY,
        "pkcs11:token=t;object=o;type=private" + QUERY,
        "pkcs11:token=t;object=o;colour=red" + QUERY,
        f"pkcs11:token=t;object={'o' * 129}{QUERY}",
    ],
)
def test_a_uri_that_leaves_something_open_is_refused(uri: str) -> None:
    """A missing token, key, library or PIN, an unknown attribute, and bad escapes are errors; nothing is guessed."""
    with pytest.raises(UsageError):
        parse(uri)


@pytest.mark.parametrize(
    "where", ["pkcs11:token=t;object=o;pin=4711" + QUERY, "pkcs11:token=t;object=o" + QUERY + "&pin-value=4711"]
)
def test_a_pin_in_a_uri_is_refused_and_not_repeated(where: str) -> None:
    """A URI stands in process lists and unit files: a PIN does not belong there."""
    with pytest.raises(UsageError) as caught:
        parse(where)
    assert "pin-source" in caught.value.hint
    assert "4711" not in caught.value.message + caught.value.hint
