"""etcd trusts the certificates of the whole cluster.

## What it finds

An etcd whose `--trusted-ca-file` is the CA that the API server takes client certificates from (`--client-ca-file`): the
same path, an external etcd in kubeadm's configuration with the cluster's CA, or, on a control-plane host, two files
with the same certificate.

## Why it is bad

etcd lets in whom its CA signed for. If that is the cluster's CA, every kubelet's certificate and every user's opens
etcd, past RBAC, admission and audit, and reads all Secrets at once.

## Instead

A CA for etcd alone, as kubeadm makes one (`/etc/kubernetes/pki/etcd/ca.crt`), that signs for its members, the API
servers and nobody else.

## References

- [CIS Kubernetes Benchmark 2.7](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: PKI certificates and requirements](https://kubernetes.io/docs/setup/best-practices/certificates/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Program, Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at

_OF_CLUSTER = "/etc/kubernetes/pki/ca.crt"  # where kubeadm puts the cluster's CA


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield a hit for each etcd, and each use of an external one, that trusts the cluster's CA."""
    api_servers = facts.control_plane.programs(Program.API_SERVER)
    of_clients = {s.value("client-ca-file") for s in api_servers if s.value("client-ca-file")}
    digests = _digests(facts)
    for server in facts.control_plane.programs(Program.ETCD):
        trusted = server.value("trusted-ca-file")
        same = trusted and next((ca for ca in of_clients | {_OF_CLUSTER} if _is_same(trusted, ca, digests)), "")
        if same:
            yield hit_at(server, f"trusts every certificate that the cluster's CA ({same}) signs", "trusted-ca-file")
    for server in api_servers:
        yield from _external(server, digests)


def _external(server: Server, digests: dict[str, str]) -> Iterator[Hit]:
    ca = server.value("etcd-cafile")
    of_clients = server.value("client-ca-file", "" if server.whole else _OF_CLUSTER)
    if ca and of_clients and _is_same(ca, of_clients, digests):
        yield hit_at(server, f"reaches an etcd that is certified by the cluster's CA ({ca})", "etcd-cafile")


def _is_same(one: str, other: str, digests: dict[str, str]) -> bool:
    return one == other or (one in digests and digests[one] == digests.get(other))


def _digests(facts: Facts) -> dict[str, str]:
    """Return the digests of certificates by path, as the flags name them."""
    found: dict[str, str] = {}
    for file in facts.control_plane.files:
        if file.digest:
            path = file.origin.path if file.origin.path.startswith("/") else ""
            # A copy of /etc/kubernetes in another folder keeps the names below it.
            below = file.origin.path.rpartition("/pki/")
            found[path or file.origin.path] = file.digest
            if below[1]:
                found.setdefault(f"/etc/kubernetes/pki/{below[2]}", file.digest)
    return found


CHECK = Check(
    id="etcd-shares-ca",
    title="etcd trusts the certificates of the whole cluster",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-2.7", "NSA-etcd", "OWASP-K06"),
    over=Facts,
    examine=examine,
)
