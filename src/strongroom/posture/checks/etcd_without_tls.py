"""etcd is spoken to without TLS, or lets in whoever connects.

## What it finds

An API server that reaches etcd by `http://` or without a client certificate; an etcd of the control plane that listens
by `http://`, asks its clients or peers for no certificate (`--client-cert-auth`, `--trusted-ca-file` and the `peer-`
flags), or signs its own certificates (`--auto-tls`, `--peer-auto-tls`). On loopback alone it is a medium finding.

## Not a finding

`--listen-metrics-urls` without TLS; peer flags of an etcd without peers; what kubeadm sets itself and the configuration
therefore does not name; the etcd that some product brings along.

## Why it is bad

etcd holds every Secret and knows nothing of RBAC: who may connect reads all of them, and writes roles, too. Without TLS
the network reads along.

## Instead

What kubeadm does: a CA for etcd alone, `--client-cert-auth=true`, `--peer-client-cert-auth=true`, certificates for
server, peers and the API server, and `https://` everywhere.

## References

- [etcd: transport security model](https://etcd.io/docs/v3.6/op-guide/security/)
- [Kubernetes: securing etcd clusters](https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/#securing-etcd-clusters)
- [CIS Kubernetes Benchmark 1.2.23, 1.2.26 and 2.1 to 2.6](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_api_server, is_etcd, is_loopback, is_on, listed


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each way to etcd that is open."""
    if is_api_server(server):
        yield from _of_api_server(server)
    elif is_etcd(server):
        yield from _of_side(server, ("listen-client-urls", "advertise-client-urls"), "", "clients")
        yield from _of_side(server, ("listen-peer-urls", "initial-advertise-peer-urls"), "peer-", "peers")


def _of_api_server(server: Server) -> Iterator[Hit]:
    urls = listed(server, "etcd-servers")
    plain = [url for url in urls if url.startswith("http://")]
    severity = Severity.MEDIUM if all(is_loopback(url) for url in plain or urls) else None
    if plain:
        yield hit_at(server, f"reaches etcd at {plain[0]} without TLS", "etcd-servers", severity=severity)
    elif urls and not (server.value("etcd-certfile") and server.value("etcd-keyfile")):
        flags = f"{server.written('etcd-certfile')} and {server.written('etcd-keyfile')}"
        yield hit_at(
            server,
            f"shows etcd no client certificate ({flags}), so that etcd cannot ask for one",
            "etcd-servers",
            about="etcd-certfile",
            severity=severity,
        )


def _of_side(server: Server, urls: tuple[str, str], prefix: str, whom: str) -> Iterator[Hit]:
    listening = [url for flag in urls for url in listed(server, flag)]
    plain = [url for url in listening if url.startswith("http://")]
    severity = Severity.MEDIUM if prefix or all(is_loopback(url) for url in plain or listening) else None
    if prefix and all(is_loopback(url) for url in listening) and "," not in server.value("initial-cluster"):
        return  # alone
    if plain:
        flag = next(flag for flag in urls if any(url in plain for url in listed(server, flag)))
        yield hit_at(server, f"talks to its {whom} at {plain[0]} without TLS", flag, severity=severity)
    if is_on(server.value(f"{prefix}auto-tls")):
        name = f"{prefix}auto-tls"
        yield hit_at(
            server, f"signs its own certificates ({server.written(name)}), which prove nothing", name, severity=severity
        )
    encrypted = any(url.startswith("https://") for url in listening)
    asks = is_on(server.value(f"{prefix}client-cert-auth")) or bool(server.value(f"{prefix}trusted-ca-file"))
    if encrypted and not asks:
        # Either flag makes etcd ask (go.etcd.io/etcd client/pkg/transport, TLSInfo.ServerConfig).
        name = f"{prefix}client-cert-auth"
        yield hit_at(server, f"asks its {whom} for no certificate", name, urls[0], severity=severity)


CHECK = Check(
    id="etcd-without-tls",
    title="etcd is open to whoever connects, or spoken to without TLS",
    practice=Practice.AT_REST,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=(
        "CIS-1.2.23",
        "CIS-1.2.26",
        "CIS-2.1",
        "CIS-2.2",
        "CIS-2.3",
        "CIS-2.4",
        "CIS-2.5",
        "CIS-2.6",
        "NSA-etcd",
    ),
    over=Server,
    examine=examine,
)
