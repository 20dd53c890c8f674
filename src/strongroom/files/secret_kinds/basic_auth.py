"""``kubernetes.io/basic-auth``: a user name and a password.

https://kubernetes.io/docs/concepts/configuration/secret/#basic-authentication-secret
"""

from __future__ import annotations

from strongroom.errors import UsageError
from strongroom.files.secret_kinds.kind import Data, Made, Part, SecretKind, Written

_USERNAME, _PASSWORD = "username", "password"


def make(parts: Data, name: str) -> Made:  # noqa: ARG001 - one signature for all
    """Return ``username`` and ``password`` as given."""
    return Made({key: parts[key] for key in (_USERNAME, _PASSWORD) if key in parts})


def check(secret: Written) -> tuple[str, ...]:
    """Ask for one of the two keys, as the API server does."""
    if _USERNAME not in secret.data and _PASSWORD not in secret.data:
        raise UsageError("a basic-auth Secret has the key username or password", hint="--username NAME asks for both")
    return tuple(f"the {key} is empty" for key in (_USERNAME, _PASSWORD) if key in secret.data and not secret.data[key])


KIND = SecretKind(
    "basic-auth",
    "kubernetes.io/basic-auth",
    "a user name and a password",
    (Part("username", "text", "its user name"), Part("password", "secret", "its password")),
    ("username", "password"),
    make,
    check,
)
