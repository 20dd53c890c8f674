"""PostgreSQL's password file: ``hostname:port:database:username:password`` (libpq, section "The Password File")."""

from __future__ import annotations

import re
from typing import Final

from strongroom.documents.formats.format import Format, Leaf
from strongroom.documents.limits import Limits

_FIELDS: Final = ("host", "port", "database", "user", "password")
_FIELD: Final = re.compile(r"(?:[^:\\\r\n]|\\.)*")
_ESCAPE: Final = re.compile(r"\\(.)")


def leaves(text: str, limits: Limits) -> list[Leaf] | None:
    """Return the fields of every line, None where a line has not five."""
    del limits
    found: list[Leaf] = []
    at = 0
    for number, line in enumerate(text.splitlines(keepends=True)):
        if line.strip() and not line.startswith("#"):
            fields = _fields(line.rstrip("\r\n"))
            if fields is None:
                return None
            for name, (start, end) in zip(_FIELDS, fields, strict=True):
                found.append(Leaf((number, name), _ESCAPE.sub(r"\1", line[start:end]), at + start, at + end))
        at += len(line)
    return found or None


def _fields(line: str) -> list[tuple[int, int]] | None:
    places: list[tuple[int, int]] = []
    at = 0
    while (match := _FIELD.match(line, at)) is not None:
        places.append(match.span())
        at = match.end() + 1
        if match.end() >= len(line):
            break
    return places if len(places) == len(_FIELDS) else None


FORMAT = Format("pgpass", leaves, (".pgpass",), (".pgpass", "pgpass"))
