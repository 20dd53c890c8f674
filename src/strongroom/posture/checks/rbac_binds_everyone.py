"""A binding gives a role to everyone.

## What it finds

RoleBindings and ClusterRoleBindings whose subject is the group `system:authenticated` (every user and every pod), the
group `system:unauthenticated` or the user `system:anonymous` (everyone who reaches the API server), or
`system:serviceaccounts` (every pod), also the service accounts of one namespace (`system:serviceaccounts:NAMESPACE`).

## Not a finding

The bindings that Kubernetes and kubeadm make, and bindings to their roles for discovery (`system:discovery`,
`system:basic-user`, `system:public-info-viewer`, `system:service-account-issuer-discovery`). Where the role is in the
sources, what it allows decides: one that only reads other things than Secrets is low for authenticated users.

## Why it is bad

A pod that somebody took over, a contractor with a login of the identity provider, with an anonymous subject anybody
on the network: all of them hold the role. Groups of everyone also grow by themselves.

## Instead

Bind the service accounts and groups that need it, by name.

## References

- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: default roles and role bindings](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings)
- [CIS Kubernetes Benchmark 5.1.2](https://www.cisecurity.org/benchmark/kubernetes)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Binding, Role, Subject
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.grants import (
    BUILT_IN_NAMES,
    EVERYONE,
    SERVICE_ACCOUNTS,
    built_in,
    reads_secrets,
    secrets_in_answers,
)

_DISCOVERY = frozenset(
    {
        "system:basic-user",
        "system:discovery",
        "system:public-info-viewer",
        "system:service-account-issuer-discovery",
        "system:openid-connect-discovery",
    }
)
_ANONYMOUS = frozenset({"system:unauthenticated", "system:anonymous"})
# ``use`` is the verb of pod security policies, which say what a pod may be.
_HARMLESS = frozenset({"get", "list", "watch", "use"})
_ASKING = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


def examine(binding: Binding, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each subject of a binding that is everyone."""
    if built_in(binding.resource) or binding.role_name in _DISCOVERY:
        return
    for field, subject in binding.subjects:
        who = _everyone(subject)
        if who:
            severity, confidence = _severity(binding, subject)
            where = "in every namespace" if binding.cluster else f"in {_namespace(binding)}"
            yield hit(
                binding.resource,
                (*field, "name"),
                f"{who} holds {binding.role_kind} {binding.role_name} {where}",
                severity=severity,
                confidence=confidence,
            )


def _everyone(subject: Subject) -> str:
    """Say who a subject is, where it is everyone; empty where it is not."""
    if subject.kind == "Group" and subject.name.startswith(SERVICE_ACCOUNTS):
        return f"every service account of namespace {subject.name.removeprefix(SERVICE_ACCOUNTS)}"
    if subject.name in EVERYONE and subject.kind in ("Group", "User"):
        return EVERYONE[subject.name]
    return ""


def _namespace(binding: Binding) -> str:
    return f"namespace {binding.resource.namespace}" if binding.resource.namespace else "its namespace"


def _severity(binding: Binding, subject: Subject) -> tuple[Severity, Confidence]:
    """Judge by what the role allows and by who is meant; a role that is not in the sources is judged by its name."""
    power, confidence = _power(binding)
    if subject.name.startswith(SERVICE_ACCOUNTS):
        known = power if binding.cluster else min(power, Severity.MEDIUM)
        return (min(known, Severity.HIGH) if power is Severity.CRITICAL else Severity.LOW), confidence
    if subject.name in _ANONYMOUS and confidence is Confidence.HIGH:
        power = Severity(min(power + 1, Severity.CRITICAL))
    return (power if binding.cluster else min(power, Severity.HIGH)), confidence


def _power(binding: Binding) -> tuple[Severity, Confidence]:
    """Return how bad it is that everyone who logs in holds the role: worst where it reads Secrets."""
    if binding.role_kind == "ClusterRole" and binding.role_name in BUILT_IN_NAMES:
        return (Severity.HIGH if binding.role_name == "view" else Severity.CRITICAL), Confidence.HIGH
    if binding.role is None:
        return Severity.MEDIUM, Confidence.MEDIUM
    if any(reads_secrets(rule) or secrets_in_answers(rule) for rule in binding.role.rules):
        return Severity.CRITICAL, Confidence.HIGH
    return (Severity.LOW if _only_reads(binding.role) else Severity.HIGH), Confidence.HIGH


def _only_reads(role: Role) -> bool:
    return all(_HARMLESS.issuperset(rule.verbs) or _ASKING.issuperset(rule.groups) for rule in role.rules)


CHECK = Check(
    id="rbac-binds-everyone",
    title="Binding gives a role to everyone",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.2", "NSA-rbac", "NSA-authentication", "OWASP-K02", "PCI-7.2.2"),
    over=Binding,
    examine=examine,
)
