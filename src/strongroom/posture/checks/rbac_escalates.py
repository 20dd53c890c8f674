"""A role may grant itself more, or act as somebody else.

## What it finds

Rules that allow `escalate` or `bind` on `roles` or `clusterroles`, and rules that allow `impersonate` on users,
groups, service accounts, `uids` or `userextras`. A rule with every verb on `roles` allows `escalate` and `bind` too.

## Not a finding

`create` and `update` on roles and bindings: without `escalate` and `bind` the API server lets nobody grant what he
does not hold. `bind` or `impersonate` with `resourceNames` that name no administrator is reported with `--pedantic`
only. Rules with `*` among their resources (`rbac-wildcard`).

## Why it is bad

`escalate` and `bind` switch off the protection that keeps a subject from granting more than it has, and `impersonate`
lets it use another identity, `system:masters` included. Each is a way to every Secret, whatever else the role says.

## Instead

Leave these verbs out. A controller that hands out roles gets `bind` with the `resourceNames` of exactly those roles.

## References

- [CIS Kubernetes Benchmark 5.1.8](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: privilege escalation prevention](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import BUILT_IN_NAMES, RBAC, judged, own_rules, words

_AUTHENTICATION = "authentication.k8s.io"
_POWERFUL = BUILT_IN_NAMES | {"system:masters", "kubernetes-admin", "kubeadm:cluster-admins"}


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that escalates, binds or impersonates."""
    for rule in own_rules(role):
        verbs, resource = _escalation(rule)
        if not verbs:
            continue
        limited = bool(rule.names) and not _POWERFUL.intersection(rule.names) and "escalate" not in verbs
        on = f"{resource} by name" if rule.names else f"any {resource.removesuffix('s')}"
        yield judged(
            role,
            rule,
            resource,
            facts,
            f"may {words(verbs)} {on}",
            wide=Severity.LOW if limited else Severity.HIGH,
            narrow=Severity.LOW if limited else Severity.MEDIUM,
        )


def _escalation(rule: Rule) -> tuple[list[str], str]:
    """Return the verbs that a rule escalates with and the resource that it does it on; no verbs where it does not."""
    for resource in ("clusterroles", "roles"):
        if rule.has_resource(RBAC, resource):
            verbs = [verb for verb in ("escalate", "bind") if rule.has_verb(verb)]
            if verbs:
                return verbs, resource
    if rule.has_verb("impersonate"):
        for resource in ("groups", "users", "serviceaccounts"):
            # With every verb on service accounts, the verb that nobody thought of is in it too.
            if rule.has_resource("", resource):
                return ["impersonate"], resource
        for resource in rule.resources:
            if (resource == "uids" or resource.startswith("userextras/")) and rule.has_resource(
                _AUTHENTICATION, resource
            ):
                return ["impersonate"], resource
    return [], ""


CHECK = Check(
    id="rbac-escalates",
    title="Role may grant itself more or act as somebody else",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.8", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
