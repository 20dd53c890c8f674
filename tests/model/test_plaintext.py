"""`Plaintext` lets a value out through `reveal` alone."""

from __future__ import annotations

import copy
import hashlib
import hmac
import io
import json
import logging
import pickle
import traceback

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.model.plaintext import Plaintext, short

KEY = bytes(range(32))
SECRET = "dMq7-canary-Zx41"


class TestEscape:
    """The ways in which a value leaves an object by accident."""

    @pytest.mark.parametrize(
        "attempt",
        [
            str,
            bytes,
            lambda p: f"{p}",
            lambda p: f"{p:>20}",
            lambda p: "%s" % p,  # noqa: UP031
            "{}".format,
            pickle.dumps,
            copy.copy,
            copy.deepcopy,
            json.dumps,
            msgspec.json.encode,
            msgspec.msgpack.encode,
            hash,
            lambda p: {p},
            iter,
            lambda p: p + "x",
            vars,
        ],
    )
    def test_refused(self, attempt) -> None:  # type: ignore[no-untyped-def]
        """Every attempt raises, and what it raises does not hold the value."""
        with pytest.raises(TypeError) as caught:
            attempt(Plaintext(SECRET))

        assert SECRET not in "".join(traceback.format_exception(caught.value))

    def test_representation(self) -> None:
        """Its representation is a constant, also inside containers and exceptions."""
        value = Plaintext(SECRET)

        assert repr(value) == "Plaintext(hidden)"
        assert f"{[value]} {ValueError(value)!r}" == "[Plaintext(hidden)] ValueError(Plaintext(hidden))"

    def test_log(self) -> None:
        """A log record that is given one does not show it."""
        stream = io.StringIO()
        logger = logging.getLogger("strongroom.test")
        logger.propagate = False
        logger.addHandler(logging.StreamHandler(stream))
        logger.error("%r", Plaintext(SECRET))

        assert stream.getvalue() == "Plaintext(hidden)\n"


class TestFingerprint:
    """The stand-in for a value."""

    @given(st.binary())
    def test_is_hmac(self, value: bytes) -> None:
        """A fingerprint is HMAC-SHA256 of the value, in hexadecimal."""
        assert Plaintext(value).fingerprint(KEY) == hmac.new(KEY, value, hashlib.sha256).hexdigest()

    def test_short(self) -> None:
        """People see eight digits of it."""
        fingerprint = Plaintext(SECRET).fingerprint(KEY)

        assert short(fingerprint) == f"fp:{fingerprint[:8]}"

    def test_short_key(self) -> None:
        """A key that is too short to protect weak values is refused."""
        with pytest.raises(ValueError, match="at least 32 bytes"):
            Plaintext(SECRET).fingerprint(b"x" * 31)


class TestValue:
    """What it does give."""

    @given(st.text())
    def test_text_round_trip(self, text: str) -> None:
        """Text comes back as it went in where it is valid Unicode."""
        valid = not any("\ud800" <= c <= "\udfff" for c in text)

        assert Plaintext(text).reveal_text() == (text if valid else None)

    @given(st.binary(), st.binary())
    def test_equality(self, one: bytes, other: bytes) -> None:
        """Two are equal where their values are."""
        assert (Plaintext(one) == Plaintext(other)) is (one == other)

    def test_other_types(self) -> None:
        """One is never equal to a bare value."""
        assert Plaintext(SECRET) != SECRET
        assert Plaintext(SECRET) != SECRET.encode()

    def test_truth(self) -> None:
        """An empty value is false."""
        assert not Plaintext("")
        assert Plaintext(" ")
