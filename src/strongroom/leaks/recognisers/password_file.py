"""Lines of a password file: ``.pgpass`` (PostgreSQL, "The Password File") and ``.netrc`` (inetutils)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.leaks.judgement import judge_password
from strongroom.leaks.recognisers.contract import Mark, Recogniser

_PGPASS = re.compile(
    r"^(?!#)[^:\n]{1,256}:(?:\d{1,5}|\*):[^:\n]{1,128}:(?P<user>[^:\n]{1,128}):(?P<password>[^\n]{1,256}?)\s*$",
    re.MULTILINE,
)
_NETRC = re.compile(r"\bmachine\s+\S{1,256}\s+login\s+(?P<user>\S{1,256})\s+password\s+(?P<password>\S{1,256})")


def find(value: str, name: str) -> Iterator[Mark]:
    """Yield the password of each line."""
    patterns = [_NETRC] if "machine" in value else []
    if "pgpass" in name.lower():
        patterns.append(_PGPASS)
    for pattern in patterns:
        for match in pattern.finditer(value):
            judged = judge_password(match["password"], user=match["user"])
            yield Mark(
                *match.span("password"), "password-file", "password of a password file", *judged[:2], "", judged.weak
            )


RECOGNISER = Recogniser("password-file", ("machine", ":"), find)
