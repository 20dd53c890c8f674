"""A right to become somebody else in one namespace leads to the Secrets of others.

## What it finds

Whoever may impersonate a ServiceAccount of one namespace, ask for its token, read the Secret that holds it, make such
a Secret, or create a ServiceAccount that a binding waits for, and reaches by that Secrets of another one. One finding
for each namespace, with the steps beside it; `strongroom access reach` shows all of them.

## Not a finding

Secrets of the namespace in which the right is given, which the checks of single rules report (`rbac-mints-tokens`);
Secrets that the same identity reads by a right that says so, or that everybody reads; rights given in every
namespace. Known operators are reported with `--pedantic` only. What admission refuses (the Pod Security level of the
namespace) is no way, and a way that works only under a condition is not counted.

## Why it is bad

The rule names ServiceAccounts and no Secret, and the audit log shows the other identity reading. What it gives is
everything that the other may do, now and after any later change of its roles.

## Instead

Name the ServiceAccounts in `resourceNames`, and only such as may do no more than the holder. Delete bindings to
ServiceAccounts that do not exist.

## References

- [Kubernetes: RBAC good practices, privilege escalation](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks)
- [Kubernetes: user impersonation](https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.reach import Detour, Through
from strongroom.posture.check import Check, Hit
from strongroom.posture.detours import through


def examine(detour: Detour, _: Facts) -> Iterator[Hit]:
    """Yield the hit for a detour that leads through another identity."""
    yield from through(detour, Through.IDENTITY)


CHECK = Check(
    id="reach-through-identity",
    title="Right to become somebody else leads to the Secrets of other namespaces",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Detour,
    examine=examine,
)
