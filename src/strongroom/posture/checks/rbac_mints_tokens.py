"""A role mints tokens of any service account.

## What it finds

Rules that allow `create` on `serviceaccounts/token` without `resourceNames`.

## Not a finding

The same with `resourceNames`: here they do restrict, because the request names the service account. That is how
External Secrets, cert-manager and Vault are meant to be given a token of one service account. Rules with `*` among
their resources (`rbac-wildcard`).

## Why it is bad

A token of another service account is everything that this account may do: a role with this rule reaches every Secret
that any service account of the namespace, or of the cluster, can reach.

## Instead

Name the service accounts in `resourceNames`. A pod that needs a token of its own gets one through a projected volume,
without any rule.

## References

- [CIS Kubernetes Benchmark 5.1.13](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: RBAC good practices, token request](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.rbac import Role
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import judged, own_rules

_TOKEN = "serviceaccounts/token"  # noqa: S105 - the name of a subresource


def examine(role: Role, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each rule that mints tokens of any service account."""
    for rule in own_rules(role):
        if rule.has_verb("create") and rule.has_resource("", _TOKEN) and not rule.names:
            yield judged(
                role,
                rule,
                _TOKEN,
                facts,
                "may mint a token of any service account",
                wide=Severity.HIGH,
                narrow=Severity.MEDIUM,
            )


CHECK = Check(
    id="rbac-mints-tokens",
    title="Role mints tokens of any service account",
    practice=Practice.ACCESS,
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.13", "NSA-rbac", "OWASP-K02", "PCI-7.2.5"),
    over=Role,
    examine=examine,
)
