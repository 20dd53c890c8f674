"""A pod still runs with an older version of a Secret.

## What it finds

In a cluster, or in a dump of one, containers that were started before the contents of a Secret last changed, and that
keep what they were given then: environment variables and files that are mounted with `subPath`. The evidence is the
start of the container and the last change of the Secret's data, from `managedFields` or a mark of rotation; the finding
names both. Whoever changed the Secret then may have changed something else of it.

## Not a finding

Secrets that are mounted as a volume: the kubelet brings the files up to date, and whether the program reads them again
cannot be seen from outside. Secrets without any time of a change.

## Why it is bad

The rotation looks done and is not: the program goes on with the old value. When that is withdrawn it fails; and when it
had leaked, the leak is still open until it is withdrawn.

## Instead

Restart the workload (`kubectl rollout restart`). Mount Secrets as files and let the program watch them, or let a
controller restart what depends on a Secret when it changes.

## References

- [Kubernetes: Secrets as files](https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod)
- [kubernetes/kubernetes#22368](https://github.com/kubernetes/kubernetes/issues/22368)
- [Kubernetes: managed fields](https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from strongroom.inventory.rotation_marks import last_change, read_time
from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Related, Severity
from strongroom.model.pod import RunningPod, owner_of
from strongroom.model.resource import Resource, ResourceId
from strongroom.posture.check import Check, Hit
from strongroom.posture.drift import is_live

_MOST_RELATED = 10
_Case = tuple[ResourceId, str, str]
_Stale = tuple[datetime, RunningPod]


def examine(facts: Facts, _: Facts) -> Iterator[Hit]:
    """Yield one hit for each container of a workload and Secret, with the pods."""
    changes = {
        (r.namespace, r.name): change for r in facts.of_kind("Secret") if is_live(r) and (change := last_change(r))
    }
    live = {resource.id: resource for resource in facts.resources if changes and is_live(resource)}
    cases: dict[_Case, list[_Stale]] = {}
    for pod in facts.pods:
        for use in pod.uses:
            change = changes.get((pod.id.namespace, use.secret))
            started = read_time(use.started)
            if use.kept and change is not None and started is not None and started < change[0]:
                cases.setdefault((_workload(pod, live), use.container, use.secret), []).append((started, pod))
    for (workload, container, secret), stale in cases.items():
        changed, evidence = changes[workload.namespace, secret]
        yield _hit(
            live.get(workload), workload, container, secret, sorted(stale, key=lambda case: case[0]), changed, evidence
        )


def _hit(
    resource: Resource | None,
    workload: ResourceId,
    container: str,
    secret: str,
    stale: list[_Stale],
    changed: datetime,
    evidence: str,
) -> Hit:
    started, first = stale[0]
    many = f" in {len(stale)} pods" if len(stale) > 1 else ""
    return Hit(
        f"container {container} of {workload.show()} was started on {started:%Y-%m-%d %H:%M}{many}, before Secret"
        f" {secret} changed on {changed:%Y-%m-%d %H:%M} ({evidence}); it still has the older value",
        resource.origin.at(("metadata", "name")) if resource else first.origin,
        workload if resource else first.id,
        related=tuple(
            Related(pod.origin, f"{pod.id.show()} runs since {since:%Y-%m-%d %H:%M}")
            for since, pod in stale[:_MOST_RELATED]
            if pod.id != workload
        ),
        about=f"{container}/{secret}",
    )


def _workload(pod: RunningPod, live: dict[ResourceId, Resource]) -> ResourceId:
    """Return what a person would restart: the owner, or the owner's owner."""
    found = pod.owner or pod.id
    resource = live.get(found)
    above = owner_of(resource) if resource else None
    return above or found


CHECK = Check(
    id="stale-pod-secret",
    title="Pod that still runs with an older version of a Secret",
    practice=Practice.LIFECYCLE,
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    standards=("OWASP-K03", "PCI-8.6.3"),
    over=Facts,
    examine=examine,
)
