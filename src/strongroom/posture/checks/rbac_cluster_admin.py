"""A binding makes its subjects administrators of the cluster.

## What it finds

Bindings to the ClusterRole `cluster-admin`, and bindings of any role to the group `system:masters`.

## Not a finding

The binding that Kubernetes makes itself (`cluster-admin` for `system:masters`) and those of kubeadm. Bindings to
everyone are the subject of `rbac-binds-everyone`. Groups of people are reported as medium: somebody has to administer
the cluster. So are known operators whose installation asks for it. A RoleBinding to `cluster-admin` gives everything
in one namespace only, and is medium too.

## Why it is bad

`cluster-admin` reads every Secret and changes every rule. A program that holds it makes its own takeover the
cluster's; no later narrowing of roles matters. Members of `system:masters` are not even subject to RBAC: their right
cannot be taken back by removing a binding.

## Instead

A role with the rules that the program uses. For people, a group of few members that they join for a limited time;
`system:masters` for nobody.

## References

- [CIS Kubernetes Benchmark 5.1.1 and 5.1.7](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices, least privilege](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: user-facing roles](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Binding, Subject
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.grants import EVERYONE, SERVICE_ACCOUNTS, built_in, operator_named

_MASTERS = "system:masters"


def examine(binding: Binding, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each subject that a binding makes an administrator."""
    if built_in(binding.resource):
        return
    admin = binding.role_kind == "ClusterRole" and binding.role_name == "cluster-admin"
    for field, subject in binding.subjects:
        if subject.kind == "Group" and subject.name == _MASTERS:
            if binding.resource.name != "cluster-admin":
                yield hit(
                    binding.resource,
                    (*field, "name"),
                    f"{binding.resource.id.show()} speaks of group {_MASTERS}, whose members no rule can limit",
                    severity=Severity.MEDIUM,
                )
        elif admin and subject.name not in EVERYONE and not subject.name.startswith(SERVICE_ACCOUNTS):
            where = "of the whole cluster" if binding.cluster else "of its namespace"
            yield hit(
                binding.resource,
                (*field, "name"),
                f"{subject.show()} is administrator {where}" + _remark(subject),
                severity=_severity(binding, subject),
            )


def _severity(binding: Binding, subject: Subject) -> Severity:
    return Severity.HIGH if binding.cluster and subject.kind != "Group" and not _operator(subject) else Severity.MEDIUM


def _remark(subject: Subject) -> str:
    return f"; it is what {_operator(subject)} is installed with" if _operator(subject) else ""


def _operator(subject: Subject) -> str:
    return operator_named(subject.name) if subject.kind == "ServiceAccount" else ""


CHECK = Check(
    id="rbac-cluster-admin",
    title="Binding makes its subjects administrators of the cluster",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.1", "CIS-5.1.7", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Binding,
    examine=examine,
)
