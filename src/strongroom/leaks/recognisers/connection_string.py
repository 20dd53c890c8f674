"""A password in a connection string: ADO.NET and ODBC (``Password=…;``), libpq (``host=… password=…``), Azure keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.leaks.judgement import judge_password, judge_token
from strongroom.leaks.names import Promise
from strongroom.leaks.recognisers.contract import Mark, Recogniser

# A second pair on the same line makes it a connection string; a lone `password=x` is a setting with a name of its own.
_PAIR = (
    r"(?:server|data source|host|hostaddr|user id|user|uid|username|database|dbname|initial catalog|port|endpoint"
    r"|accountname|sslmode)"
)
_PASSWORD = re.compile(
    r"(?:^|[;\s\"'])(?P<key>password|pwd)\s?=\s?(?P<value>\"[^\"\n]{1,256}\"|'[^'\n]{1,256}'|[^;\s\"']{1,256})",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"(?:^|[;\s\"'])(?P<key>AccountKey|SharedAccessKey|SharedAccessSignature)=(?P<value>[^;\s\"']{8,512})",
    re.IGNORECASE,
)
_OTHER = re.compile(_PAIR + r"\s?=\s?[^;\s]", re.IGNORECASE)
_LONGEST_LINE = 2048


def find(value: str, _name: str) -> Iterator[Mark]:
    """Yield the password or key of each line that is a connection string."""
    start = 0
    for line in value.splitlines(keepends=True):
        if len(line) <= _LONGEST_LINE and "=" in line:
            yield from _in_line(line, start)
        start += len(line)


def _in_line(line: str, offset: int) -> Iterator[Mark]:
    for pattern in (_PASSWORD, _KEY):
        for match in pattern.finditer(line):
            if not _OTHER.search(line[: match.start()]) and not _OTHER.search(line[match.end() :]):
                continue
            start, end = match.span("value")
            if line[start] in "\"'":
                start, end = start + 1, end - 1
            text = line[start:end]
            judged = judge_password(text) if pattern is _PASSWORD else judge_token(text, Promise.KEY)
            what = "password in a connection string" if pattern is _PASSWORD else "key in a connection string"
            yield Mark(offset + start, offset + end, "connection-string", what, *judged[:2], "", judged.weak)


RECOGNISER = Recogniser(
    "connection-string", ("assword=", "assword =", "wd=", "ASSWORD=", "AccountKey=", "SharedAccess", "PWD="), find
)
