"""Credentials of an ``Authorization`` header: Basic (RFC 7617) and Bearer (RFC 6750)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from strongroom.leaks.judgement import judge_password, judge_token
from strongroom.leaks.names import Promise
from strongroom.leaks.recognisers.contract import Mark, Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

_BASIC = re.compile(r"\b[Bb]asic (?P<credentials>[A-Za-z0-9+/]{4,1024}={0,2})(?![\w+/=-])")
_BEARER = re.compile(r"\b[Bb]earer (?P<token>[\w.~+/-]{16,4096}=*)")


def find(value: str, _name: str) -> Iterator[Mark]:
    """Yield the credentials of each header; prose such as "basic authentication" decodes to no ``user:password``."""
    for match in _BASIC.finditer(value):
        user, password = _user_password(match["credentials"])
        if password:
            judged = judge_password(password, user=user)
            span = match.span("credentials")
            yield Mark(*span, "http-authorization", "Basic credentials", *judged[:2], password, judged.weak)
    for match in _BEARER.finditer(value):
        judged = judge_token(match["token"], Promise.TOKEN)
        if judged.nature is Nature.SECRET and judged.confidence is Confidence.HIGH:
            yield Mark(*match.span("token"), "http-authorization", "Bearer token", *judged[:2])


def _user_password(credentials: str) -> tuple[str, str]:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return "", ""
    user, _, password = decoded.partition(":")
    return (user, password) if user and decoded.isprintable() else ("", "")


RECOGNISER = Recogniser("http-authorization", ("asic ", "earer "), find)
