"""The API server keeps no audit log.

## What it finds

Manifests that start a kube-apiserver without `--audit-policy-file`, or with a policy and no place to write to
(`--audit-log-path`, `--audit-webhook-config-file`): its static pod or any other workload, and kubeadm's
`ClusterConfiguration`.

## Not a finding

Managed clusters, whose API server is not in the sources: their audit log is a setting of the provider.

## Why it is bad

Nobody can say who read a Secret. When one leaks, every identity that was allowed to read it must count as a reader, and
an intruder who lists all Secrets leaves no trace.

## Instead

A policy that logs requests for Secrets at `Metadata` and the rest as you need it, a log that is shipped off the host,
and 30 days or more of it.

## References

- [Kubernetes: auditing](https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/)
- [CIS Kubernetes Benchmark 1.2.16 and 3.2.1](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import Server
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.check import Check, Hit
from strongroom.posture.servers import hit_at, is_api_server

_POLICY = "audit-policy-file"
_BACKENDS = ("audit-log-path", "audit-webhook-config-file")


def examine(server: Server, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for an API server that logs nothing."""
    if not is_api_server(server):
        return
    if not server.value(_POLICY):
        yield hit_at(server, f"has no {server.written(_POLICY)}: no request is logged", _POLICY, *_BACKENDS)
    elif not any(server.value(backend) for backend in _BACKENDS):
        paths = " or ".join(server.written(backend) for backend in _BACKENDS)
        yield hit_at(server, f"has an audit policy and no {paths}: no request is logged", _POLICY)


CHECK = Check(
    id="audit-log-off",
    title="API server keeps no audit log",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-1.2.16", "CIS-3.2.1", "NSA-audit-logging", "OWASP-K10", "PCI-10.2.1"),
    over=Server,
    examine=examine,
)
