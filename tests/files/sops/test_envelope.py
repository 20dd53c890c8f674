"""One value as a text."""

from __future__ import annotations

import os
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import TamperedError
from strongroom.files.sops.document import Scalar, Type
from strongroom.files.sops.envelope import mac_bytes, open_scalar, positional, seal_scalar
from strongroom.model.plaintext import Plaintext

KEY = os.urandom(32)
PATH = ("data", "password")


@given(data=st.binary(min_size=1), kind=st.sampled_from(["str", "bytes", "comment", "time"]))
def test_what_is_sealed_opens_again(data: bytes, kind: Type) -> None:
    """Bytes and type come back under the same key and path."""
    assert open_scalar(seal_scalar(Scalar(kind, Plaintext(data)), KEY, PATH), KEY, PATH) == Scalar(
        kind, Plaintext(data)
    )


def test_an_empty_value_stays_empty() -> None:
    """As in SOPS, nothing is encrypted where there is nothing."""
    assert seal_scalar(Scalar("str", Plaintext("")), KEY, PATH) == ""
    assert open_scalar("", KEY, PATH) == Scalar("str", Plaintext(""))


def test_two_envelopes_of_one_value_differ() -> None:
    """The nonce is random, so that equal values cannot be told."""
    scalar = Scalar("str", Plaintext("same"))

    assert seal_scalar(scalar, KEY, PATH) != seal_scalar(scalar, KEY, PATH)


@pytest.mark.parametrize("path", [("data", "other"), ("data",), ("data", "password", "x"), ()])
def test_a_moved_value_is_refused(path: tuple[str, ...]) -> None:
    """The path is authenticated."""
    text = seal_scalar(Scalar("str", Plaintext("x")), KEY, PATH)
    with pytest.raises(TamperedError, match="changed, moved"):
        open_scalar(text, KEY, path)


def test_every_changed_sign_is_refused_or_changes_nothing() -> None:
    """No change of one sign gives another value."""
    scalar = Scalar("str", Plaintext("a value"))
    text = seal_scalar(scalar, KEY, PATH)
    for at in range(len(text)):
        for sign in "Az09+/=,:]":
            changed = text[:at] + sign + text[at + 1 :]
            try:
                found = open_scalar(changed, KEY, PATH)
            except TamperedError:
                continue
            assert found.data == scalar.data


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "ENC[AES256_GCM,data:,iv:AAAA,tag:AAAA,type:str]",
        "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]",
        "ENC[AES256_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAA,tag:AA==,type:str]",
        "ENC[AES256_GCM,data:A,iv:AAAAAAAAAAAAAAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]",
        "ENC[AES256_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str] more",
        "ENC[AES128_GCM,data:AAAA,iv:AAAAAAAAAAAAAAAA,tag:AAAAAAAAAAAAAAAAAAAAAA==,type:str]",
    ],
)
def test_what_is_no_envelope_is_refused(text: str) -> None:
    """Forms, lengths and base64 are checked before anything is decrypted."""
    with pytest.raises(TamperedError):
        open_scalar(text, KEY, PATH)


@pytest.mark.parametrize(
    ("kind", "data"),
    [("int", b"x"), ("int", b"9223372036854775808"), ("float", b"1_0"), ("bool", b"yes"), ("int", b"1.0")],
)
def test_a_value_that_does_not_fit_its_type_is_refused(kind: Type, data: bytes) -> None:
    """The type tag is not authenticated, so the bytes have to fit it."""
    text = seal_scalar(Scalar("str", Plaintext(data)), KEY, PATH).replace("type:str", f"type:{kind}")
    with pytest.raises(TamperedError, match="does not fit the type"):
        open_scalar(text, KEY, PATH)


def test_an_unknown_type_is_refused() -> None:
    """Only the tags of SOPS are taken."""
    assert "str" in get_args(Type)
    text = seal_scalar(Scalar("str", Plaintext("x")), KEY, PATH).replace("type:str", "type:exec")
    with pytest.raises(TamperedError):
        open_scalar(text, KEY, PATH)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (-0.0, "-0"),
        (1.5, "1.5"),
        (1e21, "1000000000000000000000"),
        (1.2e-7, "0.00000012"),
        (-2.5e-3, "-0.0025"),
        (123456789012345678, "123456789012345680"),
        (5e-324, "0." + "0" * 323 + "5"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
    ],
)
def test_floats_are_hashed_without_exponent(value: float, text: str) -> None:
    """The form is that of Go's FormatFloat(value, 'f', -1, 64)."""
    assert positional(float(value)) == text


def test_the_digits_of_a_float_do_not_change_its_hash() -> None:
    """1.50 keeps its digits, and is hashed as 1.5."""
    assert mac_bytes(Scalar("float", Plaintext("1.50"))) == b"1.5"
    assert mac_bytes(Scalar("float", Plaintext("+Inf"))) == b"+Inf"
    assert mac_bytes(Scalar("str", Plaintext("1.50"))) == b"1.50"


def test_errors_hold_no_value() -> None:
    """Neither the text nor what is in it is in the message."""
    text = seal_scalar(Scalar("str", Plaintext("hunter2")), KEY, PATH)
    with pytest.raises(TamperedError) as caught:
        open_scalar(text, os.urandom(32), PATH)

    assert "hunter2" not in str(caught.value)
    assert text not in str(caught.value)
