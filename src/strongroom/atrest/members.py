"""Which API servers a cluster has, by the Leases that they hold.

Every kube-apiserver keeps a Lease in kube-system (feature APIServerIdentity, on since Kubernetes 1.26:
https://kubernetes.io/docs/concepts/architecture/leases/#api-server-identity). Its name, hashed, stands in the metrics
of the server itself, so that a server which nobody named shows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from strongroom.atrest.servers import Server, config_hash
from strongroom.errors import PlanError
from strongroom.kube.client import Client
from strongroom.kube.connection import Asked, connect
from strongroom.kube.lists import not_a_list

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
_SELECTOR = "apiserver.kubernetes.io/identity=kube-apiserver"
_HOST = "kubernetes.io/hostname"


class Member(NamedTuple):
    """An API server that is alive, or was until shortly.

    Attributes:
        identity: the hash by which its metrics name it.
        host: the name of its host.
    """

    identity: str
    host: str


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""
    labels: dict[str, str] = {}


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    lease_duration_seconds: int = 0
    renew_time: datetime | None = None


class _Lease(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()


class _Leases(msgspec.Struct, frozen=True):
    items: list[_Lease] | None = None


async def members(server: Server, environment: Mapping[str, str]) -> tuple[Member, ...]:
    """Return the API servers of the cluster that one of them belongs to; none where it keeps no such Leases.

    Raises:
        ClusterError: the Leases of kube-system cannot be read.
    """
    async with client_of(server, environment) as client:
        body = await client.get(_LEASES, {"labelSelector": _SELECTOR})
        try:
            found = msgspec.json.decode(body, type=_Leases)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise not_a_list(client) from None
    return living(found.items or (), datetime.now(UTC))


def living(leases: Collection[_Lease], now: datetime) -> tuple[Member, ...]:
    """Return the holders of the Leases that have not run out. Pure."""
    return tuple(
        Member(config_hash(lease.metadata.name.encode()), lease.metadata.labels.get(_HOST, lease.metadata.name))
        for lease in leases
        if lease.spec.renew_time is not None
        and lease.spec.renew_time + timedelta(seconds=lease.spec.lease_duration_seconds) > now
    )


def check_complete(found: Collection[Member], named: Collection[str]) -> None:
    """Refuse where an API server holds a Lease that is none of those named.

    Args:
        found: `members`.
        named: what the metrics of the named servers say as their identity.

    Raises:
        PlanError: there is such a server.
    """
    missing = sorted(member.host for member in found if member.identity not in named)
    if missing:
        raise PlanError(
            f"the API server on {missing[0]} is not among those named",
            hint="name every one with --api-server URL: one that misses a step could not read what the others write; "
            "the Lease of one that is gone runs out within an hour",
        )


def client_of(server: Server, environment: Mapping[str, str]) -> Client:
    """Return a session with one API server, not opened yet.

    Raises:
        KubeconfigError: nothing says how to reach it.
    """
    return Client(connect(Asked(context=server.context, kubeconfig=server.kubeconfig, server=server.url), environment))
