"""A right over roles of one namespace leads to the Secrets of others.

## What it finds

Whoever may `escalate` or `bind` roles of one namespace and reaches by that Secrets of another one: with every right
in the namespace come its ServiceAccounts, and what these may do elsewhere. One finding for each namespace, with the
steps beside it; `strongroom access reach` shows all of them.

## Not a finding

Secrets of the namespace in which the right is given, which the checks of single rules report (`rbac-escalates`);
Secrets that the same identity reads by a right that says so, or that everybody reads; rights given in every
namespace. Known operators are reported with `--pedantic` only. What admission refuses (the Pod Security level of the
namespace) is no way, and a way that works only under a condition is not counted.

## Why it is bad

Who gives himself every right of a namespace runs pods in it, as any of its ServiceAccounts. One of them that may do
something in another namespace is enough.

## Instead

Leave `escalate` out, and name in `resourceNames` the roles that may be bound. Keep ServiceAccounts with rights
elsewhere out of namespaces whose administration is delegated.

## References

- [Kubernetes: RBAC good practices, privilege escalation](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks)
- [Kubernetes: restrictions on role creation and binding](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.reach import Detour, Through
from strongroom.posture.check import Check, Hit
from strongroom.posture.detours import through


def examine(detour: Detour, _: Facts) -> Iterator[Hit]:
    """Yield the hit for a detour that leads through roles and bindings."""
    yield from through(detour, Through.ROLES)


CHECK = Check(
    id="reach-through-roles",
    title="Right over roles and bindings leads to the Secrets of other namespaces",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Detour,
    examine=examine,
)
