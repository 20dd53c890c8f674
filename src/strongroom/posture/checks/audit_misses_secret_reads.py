"""Reading Secrets leaves no trace in the audit log.

## What it finds

Audit policies by which reading a Secret (`get`, `list`, `watch`) is not logged: a rule at `None` that covers it, no
rule that matches it, or stages left out so that nothing remains. Where that is so for everybody it is a medium finding,
where the rule names users, groups, namespaces or Secrets, a low one that says which.

## Not a finding

Rules that leave out the API server's own identity and the controllers, schedulers and proxies of Kubernetes, whose
reads are their work and the most of the log.

## Why it is bad

The log cannot answer the question that it is kept for: who has read the value that leaked. A rule that leaves out a
namespace or a group for its noise hides the intruder who holds that very identity.

## Instead

Log every request for Secrets at `Metadata` by the first rule of the policy, then leave out what is noise. End with a
catch-all at `Metadata`: what no rule matches is not logged at all.

## References

- [Kubernetes: audit policy](https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/#audit-policy)
- [CIS Kubernetes Benchmark 3.2.2](https://www.cisecurity.org/benchmark/kubernetes)
- [PCI DSS 10.2.1: audit logs of access to data](https://www.pcisecuritystandards.org/document_library/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.controlplane import AuditPolicy, AuditRule
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.posture.auditpolicy import Asked, Request, decide, requests_for
from strongroom.posture.check import Check, Hit

_READS = Asked("", "secrets", ("get", "list", "watch"))
_COMPONENTS = frozenset(
    {
        "system:apiserver",
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:kube-proxy",
        "system:volume-scheduler",
        "system:unsecured",
    }
)
_EVERYBODY = frozenset({"system:authenticated", "system:serviceaccounts"})


def examine(policy: AuditPolicy, facts: Facts) -> Iterator[Hit]:
    """Yield a hit for each rule, or the lack of one, by which reads of Secrets are not logged."""
    for rule in (*policy.rules, None):
        silent = [
            request
            for request in requests_for(policy, rule, _READS)
            if not decide(policy, request).leaves_trace(request.verb) and not _is_component(request)
        ]
        if silent:
            yield _hit(policy, rule, silent)


def _is_component(request: Request) -> bool:
    return request.user in _COMPONENTS or request.user.startswith("system:serviceaccount:kube-system:")


def _hit(policy: AuditPolicy, rule: AuditRule | None, silent: list[Request]) -> Hit:
    verbs = "/".join(dict.fromkeys(request.verb for request in silent))
    if rule is None:
        place = policy.origin.at(("rules",) if policy.rules else ("kind",))
        return Hit(f"no rule matches every {verbs} of a Secret, so that some are not logged", place, policy.resource)
    why = "is not logged by this rule" if rule.level == 0 else "is logged at no stage that this rule keeps"
    whose = _whose(rule)
    return Hit(
        f"{verbs} of Secrets{whose} {why}",
        rule.origin.at(("level",)),
        policy.resource,
        severity=Severity.LOW if whose else None,
    )


def _whose(rule: AuditRule) -> str:
    """Say whom or what a rule names; empty where it is everybody and everything."""
    parts = []
    groups = [group for group in rule.groups if group not in _EVERYBODY]
    if rule.users or (groups and len(groups) == len(rule.groups)):
        parts.append(f"by {_some(rule.users or tuple(groups))}")
    if any(rule.namespaces):
        parts.append(f"in {_some(tuple(n for n in rule.namespaces if n))}")
    names = tuple(name for entry in rule.resources for name in entry.names)
    if names:
        parts.append(f"named {_some(names)}")
    return f" {' '.join(parts)}" if parts else ""


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


CHECK = Check(
    id="audit-misses-secret-reads",
    title="Reading Secrets leaves no trace in the audit log",
    practice=Practice.ACCESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-3.2.2", "NSA-audit-logging", "OWASP-K10", "PCI-10.2.1"),
    over=AuditPolicy,
    examine=examine,
)
