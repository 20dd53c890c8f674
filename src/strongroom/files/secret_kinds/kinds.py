"""The types of Secrets that Strongroom knows; others are written as they are given."""

from __future__ import annotations

from strongroom.errors import UsageError
from strongroom.files.secret_kinds import (
    basic_auth,
    bootstrap_token,
    docker_registry,
    generic,
    service_account_token,
    ssh_auth,
    tls,
)
from strongroom.files.secret_kinds.kind import SecretKind

KINDS: tuple[SecretKind, ...] = (
    generic.KIND,
    tls.KIND,
    docker_registry.KIND,
    basic_auth.KIND,
    ssh_auth.KIND,
    service_account_token.KIND,
    bootstrap_token.KIND,
)
"""All kinds, in the order in which people need them."""


def kind_named(id_: str) -> SecretKind:
    """Return a kind by its word.

    Raises:
        UsageError: there is none.
    """
    for kind in KINDS:
        if kind.id == id_:
            return kind
    raise UsageError("there is no kind of Secret of that name", hint=f"one of {', '.join(k.id for k in KINDS)}")


def kind_of(type_: str) -> SecretKind:
    """Return the kind of a ``type``; for one that nobody knows, the generic one with that type."""
    for kind in KINDS:
        if kind.type == type_:
            return kind
    return generic.KIND._replace(type=type_ or generic.KIND.type)
