"""The audit log holds the values of Secrets.

## What it finds

Rules of an audit policy by which a request that carries a value is logged with its body: `Request` or
`RequestResponse` where Secrets, ConfigMaps or token reviews are written, `RequestResponse` where Secrets are read or
ServiceAccount tokens are made. Rules are followed as the API server does, the first that matches decides: a rule that
an earlier one always precedes is no finding.

## Not a finding

`Request` for reading Secrets, whose requests have no body; `Metadata` anywhere; a catch-all at `RequestResponse` behind
a rule that logs Secrets at `Metadata`.

## Why it is bad

Whoever reads the log reads the Secrets: the log collector, its index, everyone with a search page, and the archive that
is kept for years. The sample policy in the Kubernetes documentation on good practices for Secrets does just that.

## Instead

In front of every rule with bodies, one that logs `secrets`, `configmaps`, `tokenreviews` and `serviceaccounts/token` at
`Metadata`. Treat what was logged before as leaked: replace those values, and delete the logs or guard them as Secrets.

## References

- [Kubernetes: audit policy](https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy)
- [CIS Kubernetes Benchmark 3.2.2](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes issue 88926: audit logs with bodies of Secrets](https://github.com/kubernetes/kubernetes/issues/88926)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strongroom.model.controlplane import AuditLevel, AuditPolicy, AuditRule
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.auditpolicy import Asked, decide, requests_for
from strongroom.posture.check import Check, Hit

_WRITES = ("create", "update", "patch")


class _Body(NamedTuple):
    """Requests that carry values: in what they say from `Request` on, in the answer only at `RequestResponse`."""

    shown: str
    asked: Asked
    in_request: tuple[str, ...]
    severity: Severity


_BODIES = (
    _Body("Secrets", Asked("", "secrets", (*_WRITES, "get", "list")), _WRITES, Severity.HIGH),
    _Body("ServiceAccount tokens", Asked("", "serviceaccounts", ("create",), "token"), (), Severity.HIGH),
    _Body(
        "token reviews",
        Asked("authentication.k8s.io", "tokenreviews", ("create",), namespaced=False),
        ("create",),
        Severity.HIGH,
    ),
    _Body("ConfigMaps", Asked("", "configmaps", (*_WRITES, "get", "list")), _WRITES, Severity.LOW),
)


def examine(policy: AuditPolicy, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each rule that writes values into the log."""
    for rule in policy.rules:
        if rule.level >= AuditLevel.REQUEST:
            found = [(body, verbs) for body in _BODIES if (verbs := _leaking(policy, rule, body))]
            if found:
                said = "; ".join(f"{body.shown} on {', '.join(verbs)}" for body, verbs in found)
                yield Hit(
                    f"at {rule.level.label} the log holds the bodies of {said}",
                    rule.origin.at(("level",)),
                    policy.resource,
                    severity=max(body.severity for body, _ in found),
                )


def _leaking(policy: AuditPolicy, rule: AuditRule, body: _Body) -> list[str]:
    verbs = body.in_request if rule.level is AuditLevel.REQUEST else body.asked.verbs
    asked = body.asked._replace(verbs=verbs)
    found = (
        request.verb
        for request in requests_for(policy, rule, asked)
        if decide(policy, request).leaves_trace(request.verb)
    )
    return list(dict.fromkeys(found))


CHECK = Check(
    id="audit-logs-secret-bodies",
    title="Audit log holds the values of Secrets",
    practice=Practice.PLAINTEXT,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-3.2.2", "NSA-audit-logging", "OWASP-K03", "OWASP-K10", "PCI-8.3.2"),
    over=AuditPolicy,
    examine=examine,
)
