"""A role lists or watches every Secret of a namespace.

## What it finds

Rules that allow `list` or `watch` (or every verb) on `secrets` without `resourceNames`, where the role is given in
single namespaces: a Role, or a ClusterRole that only RoleBindings name. `deletecollection` without a verb that reads
counts as well, with `resourceNames` too, which cannot limit it: its answer is the list of what was deleted, and with
`dryRun=All` nothing is.

## Not a finding

`get` with `resourceNames`, the right way. `list` and `watch` with `resourceNames`: the API server then allows only
requests for these names. A ClusterRole that is given in every namespace (`rbac-reads-all-secrets`), and rules with
`*` among their resources (`rbac-wildcard`): each rule is reported by one check.

Medium instead of high where only people hold the role, where the role looks like a controller's (it writes status or
finalizers, or holds leases), and for known operators, which need it.

## Why it is bad

`list` and `watch` are not about names: their answers hold the whole objects, values included. Whoever takes over one
pod with this role has every credential of the namespace, those of other applications too, in one request.

## Instead

Name the Secrets that the program reads: `verbs: [get]` with `resourceNames`. A program that has its Secrets mounted
needs no access to the API at all.

## References

- [CIS Kubernetes Benchmark 5.1.2](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices, listing secrets](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: referring to resources by name](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import (
    judged,
    narrow_for_secrets,
    own_rules,
    reads_secrets,
    secrets_in_answers,
    stays_in_namespaces,
    words,
)


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that lists or watches all Secrets where the role is given."""
    for rule in own_rules(role):
        verbs = _listing(rule)
        if verbs and stays_in_namespaces(role, facts):
            says = f"may {words(verbs)} every Secret, values included,"
            severity = narrow_for_secrets(role, facts)
            yield judged(role, rule, "secrets", facts, says, wide=severity, narrow=severity)


def _listing(rule: Rule) -> list[str]:
    """Return the verbs of a rule whose answers hold every Secret."""
    verbs = [verb for verb in reads_secrets(rule) if verb != "get"]
    return verbs or [verb for verb in secrets_in_answers(rule) if verb == "deletecollection"]


CHECK = Check(
    id="rbac-lists-secrets",
    title="Role lists every Secret of a namespace",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.2", "NSA-rbac", "OWASP-K03", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
