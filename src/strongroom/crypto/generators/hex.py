"""Random bytes as lower-case hexadecimal digits, as ``openssl rand -hex`` gives them."""

from __future__ import annotations

import secrets

from strongroom.crypto.generators.generator import LEAST_BITS, Generator, Part, count
from strongroom.model.plaintext import Plaintext

_MOST, _USUAL = 65536, 32


def make(argument: str) -> tuple[Part, ...]:
    """Return so many random bytes, two digits each."""
    size = count(argument, _USUAL, LEAST_BITS // 8, _MOST, "the number of bytes of hex")
    return (Part("", Plaintext(secrets.token_hex(size))),)


GENERATOR = Generator("hex", "random bytes as hexadecimal digits", "bytes, 32", make)
