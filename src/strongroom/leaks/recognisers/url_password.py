"""Credentials in a URL or DSN: ``postgres://user:password@host/db`` (RFC 3986 section 3.2.1), and in its query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from strongroom.leaks.judgement import judge_password, judge_token
from strongroom.leaks.names import Promise
from strongroom.leaks.recognisers.contract import Mark, Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

_USERINFO = re.compile(
    r"://(?P<user>[^\s:/?#@\"'<>]{0,128}):"
    r"(?P<password>[^\s/?#@\"'<>]{1,256}|\{\{[^}]{1,200}\}\}|<[^>\s]{1,80}>)@(?=[\w\[{$(%<])"
)
# the Go drivers' form: user:password@tcp(host:3306)/db
_GO_DSN = re.compile(r"(?P<user>[\w.-]{1,64}):(?P<password>[^\s/:@\"']{1,128})@(?:tcp|unix)\(")
_QUERY = re.compile(
    r"[?&](?P<name>access_token|api_?key|apikey|auth_token|token|secret|password|sig|client_secret|private_token)=(?P<password>[^&\s\"'<>#]{8,512})",
    re.IGNORECASE,
)
_TOKEN_USERS = frozenset(
    ("oauth2", "x-access-token", "x-token-auth", "gitlab-ci-token", "token", "git", "__token__", "")
)


def find(value: str, _name: str) -> Iterator[Mark]:
    """Yield the password of every URL that has one, and tokens that are given in a query."""
    for pattern in (_USERINFO, _GO_DSN) if "@tcp(" in value or "@unix(" in value else (_USERINFO,):
        for match in pattern.finditer(value):
            password, user = unquote(match["password"]), match["user"]
            judged = judge_password(password, user=user)
            if _is_line_position(match):
                continue
            what = "token in a URL" if user in _TOKEN_USERS else "password in a URL"
            yield Mark(
                *match.span("password"), "url-password", what, *judged[:2], _if_other(password, match), judged.weak
            )
    for match in _QUERY.finditer(value):
        token, is_password = unquote(match["password"]), match["name"].lower() == "password"
        judged = judge_password(token) if is_password else judge_token(token, Promise.TOKEN)
        if judged.nature is not Nature.SECRET or judged.confidence is Confidence.HIGH:
            what = "password in a URL" if is_password else "token in a URL"
            yield Mark(*match.span("password"), "url-parameter", what, *judged[:2], _if_other(token, match))


def _is_line_position(match: re.Match[str]) -> bool:
    """``http://host:8080@…`` is no credential but a mistake, and ``docker://image:tag@sha256:…`` an image."""
    return match["password"].isdigit() and match.string.startswith("sha256", match.end())


def _if_other(decoded: str, match: re.Match[str]) -> str:
    return decoded if decoded != match["password"] else ""


RECOGNISER = Recogniser("url-password", ("://", "@tcp(", "@unix("), find)
