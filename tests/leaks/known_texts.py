"""Random secret values, and random texts that hold them in an encoding."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

from strongroom.leaks.known_forms import searched, why_not_searched

KEY = bytes(range(32))

_PASSWORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)
_TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x24F), min_size=8, max_size=60)
_LINES = st.lists(st.text("abcXYZ0189+/=", min_size=12, max_size=64), min_size=2, max_size=6).map("\n".join)

TEXT_VALUES = (_PASSWORDS | _TEXTS | _LINES).filter(lambda value: not why_not_searched(value.encode()))
"""Values that are text: passwords, words of several alphabets, several lines."""

VALUES = TEXT_VALUES.map(str.encode) | st.binary(min_size=8, max_size=60).filter(lambda v: not why_not_searched(v))
"""Values of any bytes."""

AROUND = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F), max_size=80).map(str.encode)
"""What stands before and after."""

ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda value: value,
    "hex": lambda value: value.hex().encode(),
    "HEX": lambda value: value.hex().upper().encode(),
    "quote": lambda value: quote(value).encode(),
    "quote all": lambda value: quote(value, safe="").encode(),
    "quote plus": lambda value: quote_plus(value).encode(),
    "encodeURIComponent": lambda value: quote(value, safe="!'()*").encode(),
    "base64": base64.b64encode,
    "base64 for URLs": base64.urlsafe_b64encode,
}
"""Encodings of any bytes."""

TEXT_ENCODINGS: dict[str, Callable[[str], str]] = {
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON in UTF-8": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "XML": lambda value: html.escape(value, quote=True),
    "XML text": lambda value: html.escape(value, quote=False),
    "YAML quotes": lambda value: value.replace("'", "''"),
    "block scalar": lambda value: "    " + value.replace("\n", "\n    "),
}
"""Encodings of text."""


def stripped(value: bytes) -> bytes:
    """Return what is searched of a value."""
    return searched(value)
