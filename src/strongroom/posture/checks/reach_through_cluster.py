"""A right over something of the cluster itself leads from one namespace to the Secrets of others.

## What it finds

Whoever may change what every namespace shares (its own namespace object with the Pod Security level, volumes of the
node, what answers for the API, the audit log, etcd) by a right given in one namespace, and reaches by that Secrets of
another one. One finding for each namespace, with the steps beside it; `strongroom access reach` shows all of them.

## Not a finding

Secrets of the namespace in which the right is given, which the checks of single rules report
(`rbac-changes-webhooks`); Secrets that the same identity reads by a right that says so, or that everybody reads;
rights given in every namespace. Known operators are reported with `--pedantic` only. What admission refuses (the Pod
Security level of the namespace) is no way, and a way that works only under a condition is not counted.

## Why it is bad

These rights name no Secret. `patch` on a namespace object takes its Pod Security level away, after which a pod of the
namespace takes over its node, with everything that runs there.

## Instead

Leave such objects to the platform's own pipeline. Guard the labels of namespaces by an admission policy where teams
may patch them.

## References

- [Kubernetes: RBAC good practices, privilege escalation](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks)
- [Kubernetes: Pod Security admission](https://kubernetes.io/docs/concepts/security/pod-security-admission/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.reach import Detour, Through
from strongroom.posture.check import Check, Hit
from strongroom.posture.detours import through


def examine(detour: Detour, _: Facts) -> Iterator[Hit]:
    """Yield the hit for a detour that leads through an object of the cluster."""
    yield from through(detour, Through.CLUSTER)


CHECK = Check(
    id="reach-through-cluster",
    title="Right over an object of the cluster leads to the Secrets of other namespaces",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Detour,
    examine=examine,
)
