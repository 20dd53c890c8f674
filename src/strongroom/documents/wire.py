"""The fields of a protobuf message, without its definition.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}


class WireError(ValueError):
    """A message is cut off, or no protobuf."""


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield each field's number and value: a number, or the bytes of a text, of bytes or of a message in it.

    Raises:
        WireError: the message is cut off, or has a field of a type that no longer exists.
    """
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            number, at = varint(message, at)
            yield tag >> 3, number
            continue
        if kind == _BYTES:
            size, at = varint(message, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise WireError("a field of an unknown type")
        if at + size > len(message):
            raise WireError("the message is cut off")
        yield tag >> 3, message[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number; return it and the place after it.

    Raises:
        WireError: it is cut off.
    """
    number = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise WireError("the message is cut off")
