"""A secret is mounted with `subPath` and never sees its rotation.

## What it finds

Containers that mount a Secret, a projected Secret or a volume of the Secrets Store CSI driver with `subPath` or
`subPathExpr`.

## Not a finding

Init containers, Jobs and CronJobs, which end before a rotation matters; Secrets that are `immutable` or generated
by kustomize under a name with a hash, because a change gives them a new name and the workload new pods; and
workloads that Reloader restarts.

## Why it is bad

The kubelet replaces the files of a volume when the Secret changes, but a `subPath` is a bind mount of the old file:
it keeps the old value until the pod is made anew. After a rotation the program goes on with a credential that is
about to be withdrawn, and fails when it is.

## Instead

Mount the whole volume in a folder of its own, and select keys with `items`.

## References

- [Kubernetes: mounted Secrets are updated automatically](https://kubernetes.io/docs/concepts/configuration/secret/#mounted-secrets-are-updated-automatically)
- [Secrets Store CSI driver: known limitations](https://secrets-store-csi-driver.sigs.k8s.io/known-limitations)
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.model.facts import Facts
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.resource import as_dict, as_text, dig
from strongroom.model.secret import How, SecretRecord
from strongroom.model.workload import Workload
from strongroom.posture.check import Check, Hit, hit
from strongroom.posture.pods import RUN_ONCE, csi_secret_volumes, secret_sources
from strongroom.posture.secret_records import record_named

_RESTARTED_BY = ("reloader.stakater.com/auto", "secret.reloader.stakater.com/", "reloader.stakater.com/search")


def examine(workload: Workload, facts: Facts) -> Iterator[Hit]:
    """Yield one hit for each mount of a part of a secret volume."""
    if workload.resource.kind in RUN_ONCE or _is_restarted(workload):
        return
    volumes = {
        source.volume: f"Secret {source.name}"
        for source in secret_sources(workload)
        if not _changes_its_name(record_named(workload.namespace, source.name, facts))
    }
    volumes.update((volume, f"SecretProviderClass {name}") for volume, name in csi_secret_volumes(workload))
    for container in workload.containers:
        if container.role != "containers" or not volumes:
            continue
        for field, mount in container.mounts:
            secret = volumes.get(as_text(mount.get("name")))
            step = next((name for name in ("subPath", "subPathExpr") if as_text(mount.get(name))), "")
            if secret and step:
                message = (
                    f"container {container.name} mounts a part of {secret}, which stays as it is when it is rotated"
                )
                yield hit(workload.resource, (*field, step), message, about=as_text(mount.get("mountPath")))


def _is_restarted(workload: Workload) -> bool:
    inside = as_dict(dig(workload.resource.body, (*workload.field[:-1], "metadata", "annotations")))
    return any(str(key).startswith(_RESTARTED_BY) for key in (*workload.resource.annotations, *inside))


def _changes_its_name(record: SecretRecord | None) -> bool:
    definitions = record.definitions if record else ()
    return any(d.immutable or d.how is How.SECRET_GENERATOR for d in definitions)


CHECK = Check(
    id="secret-by-subpath",
    title="Secret mounted with subPath, which never sees a rotation",
    practice=Practice.EXPOSURE,
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    standards=("OWASP-K03", "PCI-8.6.3"),
    over=Workload,
    examine=examine,
)
