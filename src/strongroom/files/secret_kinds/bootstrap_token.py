"""``bootstrap.kubernetes.io/token``: lets a node join.

https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format
"""

from __future__ import annotations

import re
import secrets
import string
from datetime import UTC, datetime, timedelta

from strongroom.errors import UsageError
from strongroom.files.secret_kinds.kind import Data, Made, Part, SecretKind, Written
from strongroom.model.plaintext import Plaintext

_ALPHABET = string.ascii_lowercase + string.digits
_ID, _SECRET = re.compile(r"[a-z0-9]{6}"), re.compile(r"[a-z0-9]{16}")
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")
_TTL = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_NAME = "bootstrap-token-"


def make(parts: Data, name: str) -> Made:
    """Return a new token with both usages; its id ends the name."""
    found = _TTL.fullmatch(_text(parts, "token-ttl") or "24h")
    if found is None:
        raise UsageError("--token-ttl is a time such as 90m, 24h or 7d")
    ends = datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})
    data = {
        "token-id": name.removeprefix(_NAME),
        "token-secret": _random(16),
        "expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
        "auth-extra-groups": _text(parts, "token-groups"),
    }
    return Made({key: Plaintext(text) for key, text in data.items() if text})


def check(secret: Written) -> tuple[str, ...]:
    """Ask for what the controllers ask for: they ignore a token that does not have it, without a word."""
    id_ = _text(secret.data, "token-id")
    if not _ID.fullmatch(id_) or not _SECRET.fullmatch(_text(secret.data, "token-secret")):
        raise UsageError(
            "a bootstrap token has a token-id of 6 and a token-secret of 16 characters of a-z and 0-9",
            hint=f"its name is {_NAME}ID: {_NAME}{_random(6)}",
        )
    if secret.name != _NAME + id_:
        raise UsageError(f"the name of this bootstrap token is {_NAME}{id_}", hint="its token-id ends its name")
    if secret.namespace != "kube-system":
        raise UsageError("a bootstrap token is in the namespace kube-system", hint="--namespace kube-system")
    groups = _text(secret.data, "auth-extra-groups")
    if groups and not all(_GROUP.fullmatch(group) for group in groups.split(",")):
        raise UsageError("auth-extra-groups are names that begin with system:bootstrappers:")
    return ("the token never expires",) if "expiration" not in secret.data else ()


def _text(data: Data, key: str) -> str:
    value = data.get(key)
    return "" if value is None else value.reveal_text() or ""


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


KIND = SecretKind(
    "bootstrap-token",
    "bootstrap.kubernetes.io/token",
    "a token with which a node joins the cluster",
    (
        Part("token-ttl", "text", "how long it lasts: 90m, 7d; by default 24h"),
        Part("token-groups", "text", "further groups, system:bootstrappers:...; by commas"),
    ),
    (),
    make,
    check,
    namespace="kube-system",
)
