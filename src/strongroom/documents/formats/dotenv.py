"""Dotenv files, as python-dotenv and Docker Compose read them.

The grammar is that of python-dotenv's ``parser.py``: an optional ``export``, a key that may be single-quoted, and a
value that is single-quoted, double-quoted (both may span lines) or bare up to a blank and a ``#``. Variables in values
are left as they are.
"""

from __future__ import annotations

import re
from typing import Final

from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import Limits

_NOTHING: Final = re.compile(r"(?:[ \t\r\n\f\v]|\#[^\r\n]*)*")
_KEY: Final = re.compile(r"(?:export[^\S\r\n]+)?(?:'([^'\r\n]+)'|([^=\#\s]+))[^\S\r\n]*")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*\Z")
_SINGLE: Final = re.compile(r"'((?:\\'|[^'])*)'")
_DOUBLE: Final = re.compile(r'"((?:\\"|[^"])*)"')
_BARE: Final = re.compile(r"[^\r\n]*")
_COMMENT: Final = re.compile(r"\s+\#.*")
_REST: Final = re.compile(r"[^\S\r\n]*(?:\#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_ESCAPE: Final = re.compile(r"\\([\\'\"abfnrtv])")
_SINGLE_ESCAPE: Final = re.compile(r"\\([\\'])")
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SHAPE: Final = re.compile(r"(?:export[ \t]+)?[A-Z_][A-Z0-9_]*=")


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the values of a dotenv file, None where a line is no assignment."""
    del limits
    found: list[Leaf] = []
    at = _end(_NOTHING, text, 0)
    while at < len(text):
        key = _KEY.match(text, at)
        name = key and (key[1] or key[2])
        if key is None or not name or not _NAME.match(name):
            return None
        at = key.end()
        if text[at : at + 1] == "=":
            leaf = _value(name, text, _end(re.compile(r"[^\S\r\n]*"), text, at + 1))
            if leaf is None:
                return None
            found.append(leaf)
            at = leaf.end + (text[leaf.start - 1 : leaf.start] in {"'", '"'} and text[leaf.end : leaf.end + 1] != "")
        rest = _REST.match(text, at)
        if rest is None:
            return None
        at = _end(_NOTHING, text, rest.end())
    return found or None


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _value(name: str, text: str, at: int) -> Leaf | None:
    quote = text[at : at + 1]
    if quote == "'":
        match = _SINGLE.match(text, at)
        value = match and _SINGLE_ESCAPE.sub(r"\1", match[1])
    elif quote == '"':
        match = _DOUBLE.match(text, at)
        value = match and _ESCAPE.sub(lambda m: _ESCAPED.get(m[1], m[1]), match[1])
    else:
        match = _BARE.match(text, at)
        bare = _COMMENT.sub("", match[0]).rstrip() if match else ""
        return Leaf((name,), bare, at, at + len(bare))
    return None if match is None or value is None else Leaf((name,), value, match.start(1), match.end(1))


def looks_like(text: str) -> bool:
    """Tell a text of nothing but ``NAME=value`` lines with names in capitals."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return len(lines) > 1 and all(_SHAPE.match(line) for line in lines)


FORMAT = Format("dotenv", leaves, (".env",), (".env", "env", "dotenv", "envfile"), looks_like)
