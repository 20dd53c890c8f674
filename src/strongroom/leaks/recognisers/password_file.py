"""Lines of a password file: ``.pgpass`` (PostgreSQL, "The Password File"), ``.netrc`` (inetutils), ``userlist.txt``.

The last is that of PgBouncer (https://www.pgbouncer.org/config.html#authentication-file-format): a user and a password
in double quotes, each quote inside doubled. A password may stand there as a hash, which judging tells from plain text.
"""

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
_USER_LIST = re.compile(
    r'^[ \t]*"(?P<user>(?:[^"\n]|""){1,128})"[ \t]+"(?P<password>(?:[^"\n]|""){1,512})"', re.MULTILINE
)


def find(value: str, name: str) -> Iterator[Mark]:
    """Yield the password of each line."""
    patterns = [_NETRC] if "machine" in value else []
    if "pgpass" in name.lower():
        patterns.append(_PGPASS)
    if "userlist" in name.lower():
        patterns.append(_USER_LIST)
    for pattern in patterns:
        for match in pattern.finditer(value):
            password = match["password"].replace('""', '"') if pattern is _USER_LIST else match["password"]
            decoded = password if password != match["password"] else ""
            judged = judge_password(password, user=match["user"])
            what = "password of a password file"
            yield Mark(*match.span("password"), "password-file", what, *judged[:2], decoded, judged.weak)


RECOGNISER = Recogniser("password-file", ("machine", ":", '"'), find)
