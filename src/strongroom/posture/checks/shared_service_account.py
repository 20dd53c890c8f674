"""Several programs share one service account that has rights.

## What it finds

Service accounts with bindings in the sources that more programs run as than the setting `shared_account_limit`
allows (by default one). Where the bindings let the account read Secrets, it is a medium finding for everybody;
otherwise it is one for `--pedantic`.

## Not a finding

Workloads of one program: the same `app` or `app.kubernetes.io/name` and component, such as two versions side by
side. The same workload in several overlays, hooks of Helm, accounts without any binding, and `default` (see
`default-service-account`).

## Why it is bad

Each of the programs has the rights of all. The weakest of them opens the Secrets of the others, and the audit log
does not tell which one it was.

## Instead

Give each program a service account of its own, and bind to it what that program needs.

## References

- [Kubernetes: RBAC good practices](https://kubernetes.io/docs/concepts/security/rbac-good-practices/)
- [Kubernetes: service accounts](https://kubernetes.io/docs/concepts/security/service-accounts/)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Audience, Confidence, Practice, Related, Severity
from strongroom.model.resource import as_text
from strongroom.model.workload import Workload
from strongroom.posture.accounts import Accounts
from strongroom.posture.check import Check, Hit
from strongroom.posture.grants import SYSTEM_NAMESPACES
from strongroom.posture.pods import is_whole, named

_HOOK = "helm.sh/hook"
_MOST_RELATED = 20


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each account with rights that several programs share."""
    accounts = Accounts(facts)
    users: dict[tuple[str, str], dict[str, Workload]] = {}
    for workload in facts.workloads:
        if workload.service_account != "default" and is_whole(workload) and _HOOK not in workload.resource.annotations:
            programs = users.setdefault((workload.namespace, workload.service_account), {})
            if all(other.resource.name != workload.resource.name for other in programs.values()):
                programs.setdefault(_program(workload), workload)
    for (namespace, account), programs in users.items():
        shared = len(programs) > max(1, facts.settings.shared_account_limit)
        if shared and namespace not in SYSTEM_NAMESPACES and accounts.bindings(namespace, account):
            reads = accounts.reads_secrets(namespace, account)
            yield _hit(account, list(programs.values()), facts, reads=reads)


def _program(workload: Workload) -> str:
    """Tell programs apart as the recommended labels do; several versions of one are the same program.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    labels = workload.pod_labels
    name = as_text(labels.get("app.kubernetes.io/name")) or as_text(labels.get("app")) or as_text(labels.get("k8s-app"))
    part = as_text(labels.get("app.kubernetes.io/component")) or as_text(labels.get("component"))
    return f"{name}/{part}" if name else workload.resource.name


def _hit(account: str, workloads: list[Workload], facts: Facts, *, reads: bool) -> Hit:
    first = workloads[0]
    resource = facts.find("ServiceAccount", first.namespace, account)
    step = "serviceAccountName" if first.spec.get("serviceAccountName") else "serviceAccount"
    names = named([workload.resource.id.show() for workload in workloads])
    return Hit(
        f"{names} run as {account}" + (", which may read Secrets" if reads else ""),
        resource.origin.at(("metadata", "name")) if resource else first.resource.origin.at((*first.field, step)),
        resource.id if resource else first.resource.id,
        severity=Severity.MEDIUM if reads else Severity.LOW,
        audience=Audience.EVERYBODY if reads else Audience.PEDANTIC,
        related=tuple(
            Related(w.resource.origin.at(w.field), f"{w.resource.id.show()} runs as it", w.resource.id)
            for w in workloads[:_MOST_RELATED]
        ),
        about=account,
    )


CHECK = Check(
    id="shared-service-account",
    title="Several programs share a service account that has rights",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("CIS-5.1.5", "OWASP-K02", "PCI-7.2.5"),
    over=Facts,
    examine=examine,
)
