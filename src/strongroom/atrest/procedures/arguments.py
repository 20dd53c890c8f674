"""What the procedures of encryption at rest are told: names, addresses and paths; never a value."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from strongroom.atrest.servers import Server
from strongroom.atrest.stored import Etcd
from strongroom.errors import PlanError
from strongroom.model.procedure import Arguments
from strongroom.sources.etcd_options import EtcdOptions

_Told = TypeVar("_Told")


class ServerArgument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One API server; see `strongroom.atrest.servers.Server`."""

    name: str
    url: str = ""
    context: str = ""
    kubeconfig: str | None = None

    @classmethod
    def of(cls, server: Server) -> ServerArgument:
        """Return what a plan says of a server."""
        return cls(server.name, server.url, server.context, server.kubeconfig)

    def server(self) -> Server:
        """Return the server."""
        return Server(self.name, self.url, self.context, self.kubeconfig)


class EtcdArgument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The etcd whose bytes prove a step; see `strongroom.atrest.stored.Etcd`."""

    source: str
    cacert: str = ""
    cert: str = ""
    key: str = ""

    @classmethod
    def of(cls, etcd: Etcd) -> EtcdArgument:
        """Return what a plan says of an etcd."""
        return cls(etcd.source, etcd.options.cacert, etcd.options.cert, etcd.options.key)

    def etcd(self) -> Etcd:
        """Return the etcd."""
        return Etcd(self.source, EtcdOptions(self.cacert, self.cert, self.key))


def told(arguments: Arguments, shape: type[_Told]) -> _Told:
    """Read arguments, which may come from a file that anybody wrote.

    Raises:
        PlanError: they are not of the shape.
    """
    try:
        return msgspec.convert(dict(arguments), shape, strict=True)
    except msgspec.ValidationError:
        raise PlanError("a step of the plan has arguments that it cannot have", hint="make the plan again") from None
