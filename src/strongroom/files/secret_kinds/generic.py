"""``Opaque``: any keys and values."""

from __future__ import annotations

from strongroom.files.secret_kinds.kind import Data, Made, SecretKind, Written


def make(parts: Data, name: str) -> Made:  # noqa: ARG001 - there are none
    """Return no key: all come from values."""
    return Made({})


def check(secret: Written) -> tuple[str, ...]:
    """Note that a Secret without a key is of no use; the API server takes it."""
    return () if secret.data else ("the Secret has no key",)


KIND = SecretKind("generic", "Opaque", "any keys and values", (), (), make, check)
