"""Random UUIDs (RFC 9562 section 5.4): 122 random bits in a form that many programs want for tokens."""

from __future__ import annotations

import secrets
from uuid import UUID

from strongroom.crypto.generators.generator import Generator, Part
from strongroom.errors import UsageError
from strongroom.model.plaintext import Plaintext


def make(argument: str) -> tuple[Part, ...]:
    """Return a UUID of version 4."""
    if argument:
        raise UsageError("uuid takes nothing behind a colon")
    return (Part("", Plaintext(str(UUID(bytes=secrets.token_bytes(16), version=4)))),)


GENERATOR = Generator("uuid", "a random UUID", "", make)
