"""The API server accepts tokens from a file.

## What it finds

`--token-auth-file` (or the former `--basic-auth-file`) of a kube-apiserver, in its manifest or among kubeadm's
`extraArgs`.

## Not a finding

`--service-account-key-file` and bootstrap tokens, which expire or are used once.

## Why it is bad

The tokens stand in the file in plain text, do not expire, and are read once: taking one back needs a new file and a
restart of every API server. Whoever reads the file, or a backup of the host, is every user in it.

## Instead

OIDC through an `AuthenticationConfiguration` for people, ServiceAccount tokens from the TokenRequest API or client
certificates of short life for programs.

## References

- [Kubernetes: static token file](https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file)
- [CIS Kubernetes Benchmark 1.2.2](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_api_server

_FLAGS = {"token-auth-file": "static tokens", "basic-auth-file": "static passwords"}


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each file of static credentials."""
    if is_api_server(server):
        for flag, what in _FLAGS.items():
            if server.value(flag):
                yield hit_at(server, f"accepts {what} from {server.value(flag)}", flag)


CHECK = Check(
    id="static-token-file",
    title="API server accepts tokens from a file",
    practice=Practice.LIFECYCLE,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.2", "NSA-authentication", "OWASP-K09", "PCI-8.3.2"),
    over=Server,
    examine=examine,
)
