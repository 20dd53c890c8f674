"""A JSON Web Token with a signature (RFC 7519)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

import msgspec

from strongroom.leaks.recognisers.contract import Mark, Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

_TOKEN = re.compile(r"\b(eyJ[\w-]{10,4096})\.(eyJ[\w-]{2,16384})\.([\w-]{20,2048})")
_DOCUMENTATION_SUBJECT = "1234567890"
"""The subject of the sample token that documentation copies from RFC tools everywhere."""


def find(value: str, _name: str) -> Iterator[Mark]:
    """Yield every signed token whose header is a JOSE header."""
    for match in _TOKEN.finditer(value):
        header, claims = _claims(match[1]), _claims(match[2])
        if "alg" in header:
            sample = claims.get("sub") == _DOCUMENTATION_SUBJECT
            nature = Nature.PLACEHOLDER if sample else Nature.SECRET
            yield Mark(match.start(), match.end(), "jwt", "JSON Web Token", nature, Confidence.HIGH)


def _claims(part: str) -> dict[str, object]:
    try:
        decoded = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


RECOGNISER = Recogniser("jwt", ("eyJ",), find)
