"""A right over an operator's objects in one namespace leads to the Secrets of others.

## What it finds

Whoever may write objects that an operator of the sources acts on with rights of its own (External Secrets, Vault,
Sealed Secrets, cert-manager, Argo CD, Flux), or read what it keeps, and reaches by that Secrets of another namespace.
One finding for each namespace, with the steps beside it; `strongroom access reach` shows all of them.

## Not a finding

Secrets of the namespace in which the right is given, which the checks of single rules report
(`rbac-writes-delivery-objects`); Secrets that the same identity reads by a right that says so, or that everybody
reads; rights given in every namespace. Known operators are reported with `--pedantic` only. What admission refuses
(the Pod Security level of the namespace) is no way, and a way that works only under a condition is not counted.

## Why it is bad

The operator asks neither who wrote the object nor what he may do. Who may write one acts with the operator's rights,
and no role says so.

## Instead

Limit the operator, not only its users: projects and source namespaces of Argo CD, `serviceAccountName` in Flux,
namespaced stores with conditions in External Secrets. Leave writing to the pipeline.

## References

- [Kubernetes: RBAC good practices, privilege escalation](https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks)
- [External Secrets Operator: multi tenancy](https://external-secrets.io/latest/guides/multi-tenancy/)
- [Flux: multi-tenancy](https://fluxcd.io/flux/installation/configuration/multitenancy/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.reach import Detour, Through
from strongroom.posture.check import Check, Hit
from strongroom.posture.detours import through


def examine(detour: Detour, _: Facts) -> Iterator[Hit]:
    """Yield the hit for a detour that leads through an operator."""
    yield from through(detour, Through.OPERATOR)


CHECK = Check(
    id="reach-through-operator",
    title="Right over objects of an operator leads to the Secrets of other namespaces",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    standards=("NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Detour,
    examine=examine,
)
