"""How etcd is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import msgspec

ETCD = "etcd:"
"""What the name of a source begins with that is an etcd, or a snapshot of one."""


class EtcdOptions(msgspec.Struct, frozen=True):
    """Files of the connection, as etcdctl takes them (https://etcd.io/docs/v3.6/op-guide/security/).

    Attributes:
        cacert: the CA that signed etcd's certificate; those of the system where it is empty.
        cert, key: the client certificate and its key.
    """

    cacert: str = ""
    cert: str = ""
    key: str = ""

    @classmethod
    def given(cls, cacert: str | None, cert: str | None, key: str | None, environment: Mapping[str, str]) -> Self:
        """Return the options of the command line, and where there are none those of etcdctl's variables."""
        return cls(
            cacert=cacert or environment.get("ETCDCTL_CACERT", ""),
            cert=cert or environment.get("ETCDCTL_CERT", ""),
            key=key or environment.get("ETCDCTL_KEY", ""),
        )
