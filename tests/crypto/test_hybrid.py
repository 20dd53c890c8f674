"""The envelope of Sealed Secrets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sealing_keys import private_key

from strongroom.crypto.hybrid import fingerprint, parse, seal, unseal
from strongroom.errors import TamperedError
from strongroom.model.plaintext import Plaintext

LABELS = st.binary(max_size=80)


@given(st.binary(max_size=300), LABELS)
def test_opens_what_was_sealed(value: bytes, label: bytes) -> None:
    """What is sealed is opened with the private key and the same label."""
    key = private_key(0)
    opened = unseal(key, parse(seal(key.public_key(), Plaintext(value), label)), label)

    assert opened is not None
    assert opened.reveal() == value


@given(st.binary(max_size=40), LABELS, LABELS)
def test_bound_to_its_label(value: bytes, label: bytes, other: bytes) -> None:
    """Another label does not open it."""
    key = private_key(0)
    envelope = parse(seal(key.public_key(), Plaintext(value), label))

    assert (unseal(key, envelope, other) is None) == (label != other)


def test_another_key() -> None:
    """Another key does not open it."""
    envelope = parse(seal(private_key(0).public_key(), Plaintext(b"v"), b""))

    assert unseal(private_key(1), envelope, b"") is None


@given(st.binary(max_size=40), st.data())
def test_any_changed_bit_is_refused(value: bytes, data: st.DataObject) -> None:
    """A changed bit anywhere is refused; none gives another value."""
    key = private_key(0)
    sealed = bytearray(seal(key.public_key(), Plaintext(value), b"shop/db"))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with contextlib.suppress(TamperedError):
        assert unseal(key, parse(bytes(sealed)), b"shop/db") is None


@given(st.binary(max_size=700))
def test_anything_is_taken_apart_or_refused(data: bytes) -> None:
    """Bytes of any kind are an envelope that no key opens, or are refused."""
    try:
        envelope = parse(data)
    except TamperedError:
        return
    assert data == len(envelope.wrapped).to_bytes(2, "big") + envelope.wrapped + envelope.message
    assert unseal(private_key(0), envelope, b"") is None


def test_cut_off_anywhere() -> None:
    """Every shorter piece of an envelope is refused."""
    key = private_key(0)
    sealed = seal(key.public_key(), Plaintext(b"value"), b"")
    for length in range(len(sealed)):
        with pytest.raises(TamperedError):
            unseal(key, parse(sealed[:length]), b"")


def test_sizes_are_told() -> None:
    """The size of the value and of the key show without opening."""
    envelope = parse(seal(private_key(0).public_key(), Plaintext(b"12345"), b""))

    assert (envelope.size, envelope.key_bits) == (5, 2048)


def test_two_seals_differ() -> None:
    """Equal values give ciphertexts that have nothing in common."""
    key = private_key(0).public_key()
    one, other = (parse(seal(key, Plaintext(b"same"), b"x")) for _ in range(2))

    assert one.wrapped != other.wrapped
    assert one.message != other.message


def test_a_changed_message_is_told_from_another_key() -> None:
    """Where the key fits and the message was changed, that is said."""
    key = private_key(0)
    sealed = bytearray(seal(key.public_key(), Plaintext(b"value"), b""))
    sealed[-1] ^= 1

    with pytest.raises(TamperedError, match="changed after it was sealed"):
        unseal(key, parse(bytes(sealed)), b"")


def test_fingerprint_is_stable() -> None:
    """A key has one fingerprint in the form of OpenSSH: 43 characters of base64."""
    key = private_key(0).public_key()

    assert fingerprint(key) == fingerprint(key) != fingerprint(private_key(1).public_key())
    assert fingerprint(key).startswith("SHA256:")
    assert len(fingerprint(key)) == len("SHA256:") + 43
