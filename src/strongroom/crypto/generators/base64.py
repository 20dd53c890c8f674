"""Random bytes in standard base64 (RFC 4648 section 4), as ``openssl rand -base64`` gives them, on one line.

The text is the value: in the ``data`` of a Secret it is encoded once more, as every value is.
"""

from __future__ import annotations

import secrets
from base64 import b64encode

from strongroom.crypto.generators.generator import LEAST_BITS, Generator, Part, count
from strongroom.model.plaintext import Plaintext

_MOST, _USUAL = 65536, 32


def make(argument: str) -> tuple[Part, ...]:
    """Return so many random bytes in base64."""
    size = count(argument, _USUAL, LEAST_BITS // 8, _MOST, "the number of bytes of base64")
    return (Part("", Plaintext(b64encode(secrets.token_bytes(size)))),)


GENERATOR = Generator("base64", "random bytes in base64", "bytes, 32", make)
