"""A role grants with a wildcard instead of naming what is needed.

## What it finds

Rules of a Role or ClusterRole with `*` among their `resources`, `verbs` or `apiGroups`. For a wildcard among the
resources the finding says what of it matters for secrets: reading every Secret, starting workloads that mount them,
minting tokens, changing RBAC itself. Judged as the API server evaluates rules: `*` covers everything, `*/exec` that
subresource of every resource, and the API groups are honoured, so that `*` of `argoproj.io` reads no Secret.

## Not a finding

`nonResourceURLs`; the roles of Kubernetes itself; the rules of an aggregated ClusterRole, which are reported where
they are written. A wildcard only among the verbs or the groups of a rule that names its resources is reported with
`--pedantic`: what such a rule does with Secrets is the subject of `rbac-lists-secrets` and `rbac-reads-all-secrets`.

## Why it is bad

A wildcard grants more than was meant, and more with every release: new resources, subresources such as `pods/exec`,
and verbs such as `escalate` are covered the day they appear. In the core group `*` always includes Secrets.

## Instead

Name the API groups, resources and verbs that the program uses, and for Secrets also the `resourceNames`.

## References

- [CIS Kubernetes Benchmark 5.1.3](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: wildcards in rules](https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources)
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role, Rule
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import RBAC, built_in, judged, narrow_for_secrets, reads_secrets, words

# (API group, resource, verbs that matter, what they come to)
_REACH: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (RBAC, "clusterroles", ("escalate", "bind"), "granting itself more"),
    (RBAC, "roles", ("escalate", "bind"), "granting itself more"),
    ("", "users", ("impersonate",), "acting as other users"),
    ("", "serviceaccounts/token", ("create",), "minting tokens"),
    ("", "pods/exec", ("create", "get"), "running commands in pods"),
    ("", "pods", ("create", "update", "patch"), "starting pods that mount any Secret"),
    ("apps", "deployments", ("create", "update", "patch"), "starting pods that mount any Secret"),
    ("batch", "jobs", ("create", "update", "patch"), "starting pods that mount any Secret"),
    (
        "admissionregistration.k8s.io",
        "mutatingwebhookconfigurations",
        ("create", "update", "patch"),
        "changing webhooks",
    ),
    ("external-secrets.io", "externalsecrets", ("create", "update", "patch"), "fetching from the external store"),
)


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule with a wildcard."""
    if role.aggregates or built_in(role.resource):
        return
    for rule in role.rules:
        if "*" in rule.resources:
            yield _everything(role, rule, facts)
        elif rule.resources and ("*" in rule.verbs or "*" in rule.groups):
            part = "verbs" if "*" in rule.verbs else "apiGroups"
            what = f"may do anything with {_listed(rule.resources)}"
            if part == "apiGroups":
                what = f"may {words(rule.verbs)} {_listed(rule.resources)} of every API group"
            found = judged(role, rule, "", facts, what, wide=Severity.LOW, narrow=Severity.LOW)
            yield _at(found, role, rule, part)


def _everything(role: Role, rule: Rule, facts: Facts) -> Hit:
    """Make the hit for ``*`` among the resources, by what it comes to for secrets."""
    verbs = "do anything with" if "*" in rule.verbs else words(rule.verbs)
    groups = "every API group" if "*" in rule.groups else words([group or "the core group" for group in rule.groups])
    reads = reads_secrets(rule)
    reach = ["reading every Secret"] if reads else []
    reach += dict.fromkeys(
        text
        for group, resource, wanted, text in _REACH
        if not rule.names and rule.has_resource(group, resource) and rule.has_verb(*wanted)
    )
    says = f"may {verbs} every resource of {groups}" + (f", which includes {words(reach[:3])}," if reach else "")
    wide = Severity.HIGH if reads else Severity.MEDIUM if reach else Severity.LOW
    narrow = narrow_for_secrets(role, facts) if reads else Severity.LOW
    return judged(role, rule, "*", facts, says, wide=wide, narrow=narrow)


def _listed(resources: tuple[str, ...]) -> str:
    more = len(resources) - 3
    return ", ".join(resources[:3]) + f" and {more} more" if more > 0 else words(resources)


def _at(found: Hit, role: Role, rule: Rule, part: str) -> Hit:
    index = (rule.verbs if part == "verbs" else rule.groups).index("*")
    return msgspec.structs.replace(found, origin=role.resource.origin.at((*rule.field, part, index)))


CHECK = Check(
    id="rbac-wildcard",
    title="Role grants with a wildcard",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.3", "CIS-5.1.2", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
