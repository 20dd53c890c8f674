"""What a user may say of a running cluster as a source; apart from its reading, which loads more."""

from __future__ import annotations

import msgspec

NAME = "cluster"


class ClusterOptions(msgspec.Struct, frozen=True):
    """How clusters are read.

    Attributes:
        kubeconfig: the file, in place of those that kubectl would take.
        namespaces: only these; all where empty.
        as_user, as_groups: whom to impersonate.
        metadata: read the metadata of Secrets.
        values: read the values of Secrets.
        seconds: how long one request may take.
    """

    kubeconfig: str | None = None
    namespaces: tuple[str, ...] = ()
    as_user: str = ""
    as_groups: tuple[str, ...] = ()
    metadata: bool = True
    values: bool = False
    seconds: float = 120


def is_cluster(source: str) -> bool:
    """Tell whether a source is a cluster, by its name."""
    return source == NAME or source.startswith(f"{NAME}:")
