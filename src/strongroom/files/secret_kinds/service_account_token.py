"""``kubernetes.io/service-account-token``: asks the cluster for a token that does not expire.

https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
"""

from __future__ import annotations

from strongroom.errors import UsageError
from strongroom.files.secret_kinds.kind import Data, Made, Part, SecretKind, Written

_ANNOTATION = "kubernetes.io/service-account.name"


def make(parts: Data, name: str) -> Made:  # noqa: ARG001 - one signature for all
    """Return the annotation that names the ServiceAccount; the cluster adds the keys."""
    value = parts.get("service-account")
    return Made({}, {_ANNOTATION: value.reveal_text() or ""} if value is not None else {})


def check(secret: Written) -> tuple[str, ...]:
    """Ask for the name of a ServiceAccount, as the API server does."""
    if not secret.annotations.get(_ANNOTATION):
        raise UsageError(
            f"a service-account-token Secret has the annotation {_ANNOTATION}", hint="--service-account NAME"
        )
    return ("the token never expires; kubectl create token NAME makes one that does",)


KIND = SecretKind(
    "service-account-token",
    "kubernetes.io/service-account-token",
    "a token of a ServiceAccount that does not expire",
    (Part("service-account", "text", "the ServiceAccount"),),
    ("service-account",),
    make,
    check,
)
