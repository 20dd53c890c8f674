"""Protobuf messages without their definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.documents.wire import WireError, fields
from strongroom.keys.kmsv2 import api_pb2


def test_the_fields_of_a_message() -> None:
    """Texts, bytes and maps are read as Google's own library wrote them."""
    message = api_pb2.DecryptRequest(ciphertext=b"c" * 300, uid="u", key_id="k", annotations={"a": b"1"})

    assert list(fields(message.SerializeToString())) == [
        (1, b"c" * 300),
        (2, b"u"),
        (3, b"k"),
        (4, b"\x0a\x01a\x12\x011"),
    ]
    assert list(fields(b"\x28\xac\x02\x31" + bytes(8) + b"\x3d" + bytes(4))) == [(5, 300), (6, bytes(8)), (7, bytes(4))]


@pytest.mark.parametrize("message", [b"\x0a", b"\x0a\x05abc", b"\x08", b"\x08" + b"\xff" * 11, b"\x0b", b"\x31\0"])
def test_what_is_no_message(message: bytes) -> None:
    """A message that is cut off, or has a type of field that is gone, is refused."""
    with pytest.raises(WireError):
        list(fields(message))


@given(st.binary(max_size=60))
def test_any_bytes(message: bytes) -> None:
    """Whatever the bytes, they are read or refused, and nothing else happens."""
    try:
        assert all(number >= 0 for number, _ in fields(message))
    except WireError:
        assert message
