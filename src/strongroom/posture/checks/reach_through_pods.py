"""A right over pods of one namespace leads to the Secrets of others.

## What it finds

Whoever may start, change or enter pods in one namespace and reaches by that Secrets of another one: because a
ServiceAccount that such a pod can run as reads them, or because the pod can take over its node. One finding for each
namespace, with the steps beside it; `strongroom access reach` shows all of them.

## Not a finding

Secrets of the namespace in which the right is given, which the checks of single rules report (`rbac-runs-in-pods`);
Secrets that the same identity reads by a right that says so, or that everybody reads; rights given in every
namespace. Known operators are reported with `--pedantic` only. What admission refuses (the Pod Security level of the
namespace) is no way, and a way that works only under a condition is not counted.

## Why it is bad

A namespace looks like a boundary, and the right looks like one within it. Whoever is given it to deploy or to debug
is given every ServiceAccount of the namespace as well, and what these may do elsewhere.

## Instead

Let no ServiceAccount of a namespace in which people deploy hold rights outside it: move the operator that needs them
to a namespace of its own. Enforce the Pod Security level `baseline` or `restricted`, so that no pod reaches its node.

## References

- [Kubernetes: RBAC good practices, privilege escalation](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks)
- [Kubernetes: Pod Security Standards](https://kubernetes.io/docs/concepts/security/pod-security-standards/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.reach import Detour, Through
from strongroom.posture.check import Check, Hit
from strongroom.posture.detours import through


def examine(detour: Detour, _: Facts) -> Iterator[Hit]:
    """Yield the hit for a detour that leads through pods."""
    yield from through(detour, Through.PODS)


CHECK = Check(
    id="reach-through-pods",
    title="Right over pods leads to the Secrets of other namespaces",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Detour,
    examine=examine,
)
