"""Credentials of a kubeconfig: keys, tokens, passwords.

The fields are those of https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strongroom.leaks.judgement import judge_password, judge_token
from strongroom.leaks.names import Promise
from strongroom.leaks.recognisers.contract import Mark, Recogniser

_FIELD = re.compile(
    r"[\"']?(?P<key>client-key-data|token|password)[\"']?\s*:\s*[\"']?(?P<value>[^\s\"',}]{1,8192})", re.IGNORECASE
)
_WHAT = {"client-key-data": "client key of a kubeconfig", "token": "token of a kubeconfig"}


def find(value: str, _name: str) -> Iterator[Mark]:
    """Yield the credentials of each user, where the text is a kubeconfig."""
    if "clusters" not in value or "users" not in value or "contexts" not in value:
        return
    for match in _FIELD.finditer(value):
        key = match["key"]
        judged = judge_password(match["value"]) if key == "password" else judge_token(match["value"], Promise.TOKEN)
        what = _WHAT.get(key, "password of a kubeconfig")
        yield Mark(*match.span("value"), "kubeconfig", what, *judged[:2], "", judged.weak)


RECOGNISER = Recogniser("kubeconfig", ("contexts",), find)
