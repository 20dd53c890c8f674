"""The table of kinds."""

from __future__ import annotations

from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.keys.kek.cases import CASES

from strongroom.errors import UsageError
from strongroom.keys.kek.kinds import MODULES, parse


@pytest.mark.parametrize("scheme", MODULES)
def test_every_kind_is_the_one_of_its_scheme(scheme: str) -> None:
    """The module of a scheme names the scheme, takes its URIs, and is tested by the contract."""
    assert scheme == import_module(MODULES[scheme]).SCHEME
    assert scheme in CASES
    with pytest.raises(UsageError):
        parse(f"{scheme}:", {})


PIECES = st.sampled_from(
    [
        *(
            ":",
            "/",
            "?",
            "&",
            "=",
            ";",
            ",",
            "%",
            "%41",
            "#",
            "@",
            "[",
            "]",
            "\0",
            "\n",
            "é",
            " ",
            "//",
            "http://",
            "https://",
        ),
        *(
            "token=t",
            "object=o",
            "module-path=/a.so",
            "pin-source=file:/p",
            "login=jwt",
            "keys/k",
            "/v1/transit/keys/k",
        ),
        *(
            "arn:aws:kms:eu-central-1:111122223333:key/k",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k",
            "vault:8200",
        ),
    ]
)


@given(st.sampled_from(sorted(MODULES)), st.lists(PIECES, max_size=8).map("".join))
def test_any_text_is_a_key_or_refused(scheme: str, text: str) -> None:
    """Whatever stands after a scheme ends in a key with a printable name, or in one kind of error."""
    try:
        key = parse(f"{scheme}:{text}", {})
    except UsageError:
        return
    assert key.name.startswith(f"{scheme}:")
    assert key.name.isprintable()
    assert not key.owns("")


@pytest.mark.parametrize("uri", ["", "kek", "/etc/kek", "file:/etc/kek", "aws-kms", ":x", "AWS-KMS:x"])
def test_what_is_of_no_kind_is_refused(uri: str) -> None:
    """A URI of another scheme, or none at all, is an error that names the kinds."""
    with pytest.raises(UsageError) as caught:
        parse(uri, {})
    assert "local-file" in caught.value.hint
