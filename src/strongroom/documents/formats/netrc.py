"""The ``.netrc`` file of ftp, curl and Git.

The grammar is that of Python's ``netrc``: tokens between blanks, some of them quoted, and macros up to an empty line.
"""

from __future__ import annotations

import re
from typing import Final

from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import Limits

_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_BLANK: Final = re.compile(r"(?:\s|(?:(?<=\s)|(?<![\s\S]))\#[^\n]*)*")
_MACRO: Final = re.compile(r"[^\n]*\n(?:[^\n]+\n)*(?:\n|\Z)?")
_VALUES: Final = frozenset(("login", "user", "account", "password"))


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the login, account and password of every machine, None where a token stands in the wrong place."""
    del limits
    found: list[Leaf] = []
    machine: str | None = None
    at = _skip(text, 0)
    while at < len(text):
        word, at = _token(text, at)
        if word is None:
            return None
        name = text[word[0] : word[1]]
        if name == "macdef":
            macro = _MACRO.match(text, at)
            at = _skip(text, macro.end() if macro else len(text))
            continue
        if name == "default":
            machine = name
            continue
        value, at = _token(text, at)
        if value is None or (name != "machine" and (machine is None or name not in _VALUES)):
            return None
        content = re.sub(r"\\(.)", r"\1", text[value[0] : value[1]])
        if name == "machine":
            machine = content
        else:
            found.append(Leaf((machine or "", name), content, *value))
    return found or None


def _token(text: str, at: int) -> tuple[tuple[int, int] | None, int]:
    match = _TOKEN.match(text, at)
    if match is None:
        return None, at
    return match.span(1) if match[1] is not None else match.span(2), _skip(text, match.end())


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


FORMAT = Format("netrc", leaves, (".netrc",), (".netrc", "_netrc", "netrc"))
