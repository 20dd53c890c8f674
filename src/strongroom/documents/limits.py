"""How much of a hostile document is read before it is refused: every default in one place."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one read; every number is inclusive.

    The API server's own parser stops at 10,000 levels and at 400,000 decoded nodes that come from aliases
    (go.yaml.in/yaml/v2 ``scannerc.go`` ``max_flow_level``, ``decode.go`` ``allowedAliasRatio``); the bound on aliases
    is kept beside ours. No object that Kubernetes stores comes near 200 levels, and the default etcd request is 1.5
    MiB.
    """

    max_bytes: int = 32 * 1024 * 1024
    """Size of one file."""
    max_depth: int = 200
    """Collections inside each other, aliases followed."""
    max_nodes: int = 2_000_000
    """Nodes of one document that is read on the exact path, aliases expanded."""
    max_documents: int = 100_000
    """Documents of one file."""
    max_duplicates: int = 1000
    """Keys given twice that are reported of one document; more than that say nothing new."""
    max_embedded_bytes: int = 4 * 1024 * 1024
    """Size of a value that is itself a file and is looked into."""


DEFAULT = Limits()
