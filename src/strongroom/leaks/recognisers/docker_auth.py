"""Registry credentials: the ``auths`` of a Docker configuration (https://docs.docker.com/reference/cli/docker/login/)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from strongroom.leaks.judgement import judge_password
from strongroom.leaks.recognisers.contract import Mark, Recogniser
from strongroom.model.finding import Confidence
from strongroom.model.place import Nature

_AUTH = re.compile(r"\"(?P<key>auth|identitytoken|registrytoken|password)\"\s*:\s*\"(?P<value>[^\"\\\n]{1,8192})\"")


def find(value: str, name: str) -> Iterator[Mark]:
    """Yield the credentials of each registry; ``auth`` is base64 of ``user:password``."""
    if '"auths"' not in value and "dockercfg" not in name and "dockerconfigjson" not in name:
        return
    for match in _AUTH.finditer(value):
        password = _password(match["value"]) if match["key"] == "auth" else match["value"]
        judged = judge_password(password)
        confidence = max(judged.confidence, Confidence.MEDIUM) if judged.nature is Nature.SECRET else judged.confidence
        decoded = password if password != match["value"] else ""
        yield Mark(
            *match.span("value"), "docker-auth", "registry credentials", judged.nature, confidence, decoded, judged.weak
        )


def _password(auth: str) -> str:
    try:
        decoded = base64.b64decode(auth, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return auth
    _, colon, password = decoded.partition(":")
    return password if colon else auth


RECOGNISER = Recogniser("docker-auth", ('"auth', '"identitytoken"', '"registrytoken"', '"password"'), find)
