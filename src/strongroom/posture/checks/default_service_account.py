"""A workload runs as the `default` service account.

## What it finds

Workloads that name no service account, or `default`, and that are given its token. Where a binding of the sources
gives `default` rights, it is a medium finding for everybody; otherwise it is one for `--pedantic`.

## Not a finding

Workloads with `automountServiceAccountToken: false`, on the pod or on the `default` account of the namespace:
without its token the account does not matter. The system's own namespaces, and fragments such as kustomize patches.

## Why it is bad

Every workload of the namespace that names no account shares this one. Rights that one of them needs are given to
all of them, and an audit log shows `default` without saying which program it was.

## Instead

Give each workload that talks to the API server a service account of its own, and switch the token off for the
others with `automountServiceAccountToken: false`.

## References

- [CIS Kubernetes Benchmark 5.1.5](https://www.cisecurity.org/benchmark/kubernetes)
- [Kubernetes: service accounts](https://kubernetes.io/docs/concepts/security/service-accounts/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Related, Severity
from strongroom.model.origin import FieldPath
from strongroom.model.rbac import Binding
from strongroom.model.workload import Workload
from strongroom.posture.accounts import Accounts
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.grants import SYSTEM_NAMESPACES
from strongroom.posture.pods import is_whole


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each workload that runs as ``default`` with its token."""
    accounts = Accounts(facts)
    for workload in facts.workloads:
        if (
            workload.service_account == "default"
            and workload.namespace not in SYSTEM_NAMESPACES
            and is_whole(workload)
            and accounts.automounts(workload)
        ):
            yield _hit(workload, accounts.bindings(workload.namespace, "default"))


def _hit(workload: Workload, bindings: list[Binding]) -> Hit:
    message, severity, audience = (
        f"{workload.resource.id.show()} runs as the default service account and is given its token",
        Severity.LOW,
        Audience.PEDANTIC,
    )
    if bindings:
        message += f", to which {bindings[0].resource.id.show()} gives {bindings[0].role_kind} {bindings[0].role_name}"
        severity, audience = Severity.MEDIUM, Audience.EVERYBODY
    related = tuple(
        Related(b.resource.origin, f"{b.resource.id.show()} gives it {b.role_name}", b.resource.id)
        for b in bindings[:10]
    )
    return hit(workload.resource, _field(workload), message, severity=severity, audience=audience, related=related)


def _field(workload: Workload) -> FieldPath:
    for name in ("serviceAccountName", "serviceAccount"):
        if workload.spec.get(name):
            return (*workload.field, name)
    return workload.field


CHECK = Check(
    id="default-service-account",
    title="Workload runs as the default service account",
    practice=Practice.EXPOSURE,
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    audience=Audience.PEDANTIC,
    standards=("CIS-5.1.5", "OWASP-K01", "NSA-service-account-tokens"),
    over=Facts,
    examine=examine,
)
