"""A role changes admission webhooks.

## What it finds

Rules of ClusterRoles that allow `create`, `update` or `patch` on `mutatingwebhookconfigurations` or
`validatingwebhookconfigurations`.

## Not a finding

`update` and `patch` with `resourceNames`: a controller that renews the certificate of its own webhook. `create` with
`resourceNames`, which allows nothing. Reading. A Role, or a ClusterRole that only RoleBindings name: webhook
configurations have no namespace. Rules with `*` among their resources (`rbac-wildcard`).

## Why it is bad

The API server sends every admitted object to a webhook, Secrets with their values included, and a mutating webhook
may change what is stored: an image, a service account, a mounted Secret. Whoever points a webhook at his own server
needs no right on Secrets (CVE-2024-45041 was this).

## Instead

Let the installation create the configuration, and give the controller `get`, `update` and `patch` with its
`resourceNames`.

## References

- [CIS Kubernetes Benchmark 5.1.12](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices, control admission webhooks](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [CVE-2024-45041](https://nvd.nist.gov/vuln/detail/CVE-2024-45041)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import WRITE_VERBS, Role
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import judged, looks_like_controller, own_rules, reaches_the_cluster, words

_GROUP = "admissionregistration.k8s.io"
_KINDS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that changes any webhook configuration."""
    for rule in own_rules(role):
        verbs = [verb for verb in WRITE_VERBS if rule.has_verb(verb)]
        kinds = [kind for kind in _KINDS if rule.has_resource(_GROUP, kind)]
        if verbs and kinds and not rule.names and reaches_the_cluster(role, facts):
            says = f"may {words(verbs)} {words(kinds)}, which sees every object that is admitted"
            severity = Severity.MEDIUM if looks_like_controller(role) else Severity.HIGH
            yield judged(role, rule, kinds[0], facts, says, wide=severity, narrow=severity, namespaced=False)


CHECK = Check(
    id="rbac-changes-webhooks",
    title="Role changes admission webhooks",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.12", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
