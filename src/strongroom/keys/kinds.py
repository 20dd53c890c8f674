"""The kinds of keys, each loaded when it is needed: the cloud kinds import more than the rest of a decryption."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from strongroom.errors import DocumentError
from strongroom.keys.key import KeyKind

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "kms": "strongroom.keys.aws_kms",
        "gcp_kms": "strongroom.keys.gcp_kms",
        "azure_kv": "strongroom.keys.azure_key_vault",
        "hc_vault": "strongroom.keys.hashicorp_vault",
        "age": "strongroom.keys.age",
        "pgp": "strongroom.keys.pgp",
    }
)
"""The module of each kind by its name in SOPS metadata; each declares it as ``KIND``."""

IDS: tuple[str, ...] = tuple(MODULES)
"""The names of the kinds, in SOPS' order."""


def kind_of(kind_id: str) -> KeyKind:
    """Return a kind by its name in SOPS metadata.

    Raises:
        DocumentError: there is none of that name.
    """
    if kind_id not in MODULES:
        raise DocumentError("a key is of a kind that is not supported", hint="supported are " + ", ".join(IDS))
    return cast(KeyKind, import_module(MODULES[kind_id]).KIND)


def every() -> tuple[KeyKind, ...]:
    """Return all kinds, loaded, in SOPS' order."""
    return tuple(kind_of(kind_id) for kind_id in IDS)
