"""Where ``strongroom file publish`` puts files: one module per kind of store, loaded when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

KINDS = ("s3", "gcs", "vault")
"""The kinds that ``destination_rules`` know; each module of this folder declares one as ``STORE``."""


class Store(NamedTuple):
    """One kind of store.

    Attributes:
        encrypted: the file is stored as it is, encrypted; else its values are, in plain: the store protects them.
        address: where a file goes, for people, from the options of the rule, its name and the environment.
        put: stores a file; returns False where the store had it already. Raises KeyUseError.
    """

    encrypted: bool
    address: Callable[[Mapping[str, str], str, Mapping[str, str]], str]
    put: Callable[[Mapping[str, str], str, Plaintext, Context], bool]


def store_of(kind: str) -> Store:
    """Return a kind by its id."""
    module: Any = import_module(f"{__name__}.{kind}")
    store: Store = module.STORE
    return store
