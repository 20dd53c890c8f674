"""Authenticated encryption in chunks: what comes out is what went in, and nothing else ever does."""

from __future__ import annotations

import io
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.stream import CHUNK, TAG, derived, mac, opened, sealed
from strongroom.errors import TamperedError
from strongroom.model.plaintext import Plaintext

KEY = Plaintext(bytes(range(32)))


def _open(data: bytes, key: Plaintext = KEY) -> bytes:
    return b"".join(opened(key, io.BytesIO(data).read, "it"))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
@pytest.mark.parametrize("piece", [1000, CHUNK, 3 * CHUNK])
def test_comes_back(size: int, piece: int) -> None:
    """What was sealed in pieces of any length comes back, and each chunk costs one tag."""
    plain = os.urandom(size)
    data = b"".join(sealed(KEY, (plain[at : at + piece] for at in range(0, size, piece))))
    assert _open(data) == plain
    assert len(data) == size + TAG * max(1, -(-size // CHUNK))


def test_is_what_age_specifies() -> None:
    """Chunks and nonces are those of age: a counter of eleven bytes and a flag on the last."""
    data = b"".join(sealed(KEY, [b"a" * CHUNK, b"b"]))
    cipher = ChaCha20Poly1305(KEY.reveal())
    assert cipher.decrypt(bytes(12), data[: CHUNK + TAG], None) == b"a" * CHUNK
    assert cipher.decrypt(bytes(10) + b"\x01\x01", data[CHUNK + TAG :], None) == b"b"


def _chunks(data: bytes) -> list[bytes]:
    return [data[at : at + CHUNK + TAG] for at in range(0, len(data), CHUNK + TAG)]


def test_moved_left_out_and_added() -> None:
    """Chunks in another order, a missing first, middle or last one, and anything after the end are refused."""
    data = b"".join(sealed(KEY, [os.urandom(3 * CHUNK + 5)]))
    a, b, c, d = _chunks(data)
    for wrong in ([b, a, c, d], [b, c, d], [a, c, d], [a, b, c], [a, b, c, d, d], [a], [], [a, b, c, d, b"\0"]):
        with pytest.raises(TamperedError, match="it was changed after it was made"):
            _open(b"".join(wrong))


def test_empty_last_chunk_is_refused() -> None:
    """An empty last chunk after others is nothing that was ever sealed, even under the right key."""
    cipher = ChaCha20Poly1305(KEY.reveal())
    data = cipher.encrypt(bytes(12), b"a" * CHUNK, None) + cipher.encrypt(bytes(10) + b"\x01\x01", b"", None)
    with pytest.raises(TamperedError):
        _open(data)


def test_no_chunk_before_it_is_authentic() -> None:
    """What comes before a changed chunk is given out, the changed one and what follows never."""
    data = bytearray(b"".join(sealed(KEY, [b"a" * CHUNK, b"b" * CHUNK, b"c"])))
    data[CHUNK + TAG] ^= 1
    pieces = opened(KEY, io.BytesIO(bytes(data)).read, "it")
    assert next(pieces) == b"a" * CHUNK
    with pytest.raises(TamperedError):
        next(pieces)


@given(plain=st.binary(max_size=200), data=st.data())
def test_any_bit(plain: bytes, data: st.DataObject) -> None:
    """Any bit that is turned is found."""
    whole = bytearray(b"".join(sealed(KEY, [plain])))
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[at // 8] ^= 1 << at % 8
    with pytest.raises(TamperedError):
        _open(bytes(whole))


def test_keys_are_for_one_purpose() -> None:
    """Another purpose or salt gives another key, and so does another key in front."""
    keys = [
        derived(KEY, b"", b"a"),
        derived(KEY, b"", b"b"),
        derived(KEY, b"s", b"a"),
        derived(Plaintext(b"k"), b"", b"a"),
    ]
    assert len({key.reveal() for key in keys}) == 4
    assert mac(keys[0], b"x") != mac(keys[1], b"x")
    with pytest.raises(TamperedError):
        _open(b"".join(sealed(keys[0], [b"x"])), keys[1])
