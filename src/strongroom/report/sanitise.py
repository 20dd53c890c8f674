r"""Text that comes from input, made harmless for where it is shown.

Names and paths are chosen by whoever wrote the manifest. Control characters could move a terminal's cursor or recolour
the report (CWE-150), bidirectional overrides could make a line read as another one (CVE-2021-42574), and a lone
surrogate (from a file name that is not UTF-8, or from ``\ud800`` in JSON) cannot be written at all.
"""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, separators, bidirectional controls
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"  # annotations, lone surrogates, tags
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_JSON_RAW = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_FORMULA = ("=", "+", "-", "@")

NAME_LIMIT = 200
"""Characters of a name that are shown: a Kubernetes name has at most 253, most have fewer than 60."""

MESSAGE_LIMIT = 1000
"""Characters of a sentence that are shown."""

PATH_LIMIT = 4096
"""Characters of a path that are shown: Linux's PATH_MAX."""


def line(text: str, limit: int = MESSAGE_LIMIT) -> str:
    r"""Return text that stays on one line and shows what it hides: ``\x1b``, ``\u202e``; shortened to a limit."""
    text = shorten(text, limit)
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda match: _escape(match[0]), text)


def shorten(text: str, limit: int) -> str:
    """Cut text to a number of characters and say so; both ends stay, because names differ at either."""
    if len(text) <= limit:
        return text
    note = f"…({len(text) - limit} more)…"
    return text[: limit * 2 // 3] + note + text[len(text) - limit // 3 :]


def writable(text: str) -> str:
    """Return text that can be encoded as UTF-8: lone surrogates are written as escapes, the rest is unchanged."""
    return text if text.isascii() else _SURROGATE.sub(lambda match: _escape(match[0]), text)


def json_text(document: str) -> str:
    r"""Escape what JSON lets stand but a terminal may obey: DEL, C1 and invisible characters become ``\uXXXX``.

    The result is the same JSON value: such characters occur inside strings only.
    """
    return _JSON_RAW.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def xml_text(text: str) -> str:
    """Return text with the characters escaped that XML 1.0 section 2.2 forbids or discourages."""
    return _NOT_XML.sub(lambda match: _escape(match[0]), text)


def csv_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"): it gets a leading ``'``."""
    text = line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
