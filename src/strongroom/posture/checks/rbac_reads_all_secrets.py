"""A role reads the Secrets of every namespace.

## What it finds

ClusterRoles that allow `get`, `list` or `watch` on `secrets` without `resourceNames` and that a ClusterRoleBinding
gives to somebody. Without any of these, `patch`, `delete` and `deletecollection` count: their answers hold the values,
and with `dryRun=All` nothing is changed. A ClusterRole that nothing in the sources binds is reported as a definition,
with low confidence. One that is aggregated into the built-in role `view` is reported too: `view` leaves Secrets out on
purpose.

## Not a finding

A ClusterRole that only RoleBindings name, so that it reaches single namespaces (`rbac-lists-secrets`); one that is
aggregated into `edit` or `admin`, which read Secrets already; rules with `*` among their resources (`rbac-wildcard`).
Operators whose business is secrets need this and are reported as medium, with their name.

## Why it is bad

One stolen token of this subject is every credential of the cluster: database passwords, registry credentials, TLS
keys, tokens of other service accounts, and in many clusters the way to the cloud account.

## Instead

Give the role by a RoleBinding in the namespaces that need it, and name the Secrets. Many operators have a namespaced
mode, or a switch that leaves Secrets out of what they watch.

## References

- [CIS Kubernetes Benchmark 5.1.2](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [OWASP Kubernetes Top Ten](https://owasp.org/www-project-kubernetes-top-ten/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import (
    grant_of,
    judged,
    own_rules,
    reaches_the_cluster,
    reads_secrets,
    secrets_in_answers,
    words,
)


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule of a ClusterRole that reads Secrets in every namespace."""
    for rule in own_rules(role):
        verbs = reads_secrets(rule) or secrets_in_answers(rule)
        if verbs and _everywhere(role, facts):
            answered = "" if reads_secrets(rule) else ", and the answers hold its values,"
            says = f"may {words(verbs)} any Secret{answered}"
            yield judged(role, rule, "secrets", facts, says, wide=Severity.HIGH, narrow=Severity.HIGH)


def _everywhere(role: Role, facts: Facts) -> bool:
    """Tell whether a role is given in every namespace, or may be: ``edit`` and ``admin`` read Secrets already."""
    grant = grant_of(role, facts)
    return reaches_the_cluster(role, facts) and (grant.wide or not grant.into or "view" in grant.into)


CHECK = Check(
    id="rbac-reads-all-secrets",
    title="Role reads the Secrets of every namespace",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.2", "NSA-rbac", "OWASP-K02", "OWASP-K03", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
