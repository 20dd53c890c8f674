"""A running pod, as far as its secrets are concerned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.resource import Resource, ResourceId, as_dict, as_list, as_text, dig
from strongroom.model.workload import Container, Workload, workloads_of


class PodUse(msgspec.Struct, frozen=True):
    """A Secret as one container was given it when it started.

    Attributes:
        secret: its name.
        container: the container.
        started: when the container started, ISO 8601; empty where it does not run.
        kept: True where the container keeps what it was given until it ends (variables, ``subPath``); a mounted volume
            is brought up to date while it runs.
    """

    secret: str
    container: str
    started: str
    kept: bool


class RunningPod(msgspec.Struct, frozen=True):
    """A pod that a workload made. It is no resource of its own: what is wrong with it is wrong with the workload.

    Attributes:
        id, origin: of the pod.
        owner: what made it, e.g. its ReplicaSet; None for a pod of its own.
        uses: the Secrets that its containers were given.
        machine: the node that it runs on; empty where it was not placed yet.
    """

    id: ResourceId
    origin: Origin
    owner: ResourceId | None
    uses: tuple[PodUse, ...]
    machine: str = ""


def running_pod(resource: Resource) -> RunningPod | None:
    """Return what a pod's containers were given when they started; None where the object is no pod with a status."""
    status = as_dict(resource.body.get("status"))
    if resource.kind != "Pod" or resource.group or not status:
        return None
    started = dict(_started(status))
    for workload in workloads_of(resource):
        uses = tuple(
            PodUse(secret, container.name, started.get(container.name, ""), kept)
            for container in workload.containers
            for secret, kept in _given(container, workload)
        )
        return RunningPod(
            resource.id,
            resource.origin,
            owner_of(resource),
            tuple(dict.fromkeys(uses)),
            as_text(workload.spec.get("nodeName")),
        )
    return None


def owner_of(resource: Resource) -> ResourceId | None:
    """Return the object that controls another (``ownerReferences`` with ``controller: true``); None without one."""
    for reference in map(as_dict, as_list(resource.get("metadata", "ownerReferences"))):
        if reference.get("controller") is True:
            group, slash, _ = as_text(reference.get("apiVersion")).rpartition("/")
            name = as_text(reference.get("name"))
            return ResourceId(group if slash else "", as_text(reference.get("kind")), resource.namespace, name)
    return None


def _started(status: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for entry in map(as_dict, as_list(status.get(part))):
            yield as_text(entry.get("name")), as_text(dig(entry, ("state", "running", "startedAt")))


def _given(container: Container, workload: Workload) -> Iterator[tuple[str, bool]]:
    """Yield the names of the Secrets of a container, and whether it keeps them as they were."""
    for variable in container.env:
        name = as_text(as_dict(variable.value_from.get("secretKeyRef")).get("name"))
        if name:
            yield name, True
    for _, entry in container.env_from:
        name = as_text(as_dict(entry.get("secretRef")).get("name"))
        if name:
            yield name, True
    mounted = dict(_secret_volumes(workload))
    for _, mount in container.mounts:
        kept = bool(mount.get("subPath") or mount.get("subPathExpr"))
        for name in mounted.get(as_text(mount.get("name")), ()):
            yield name, kept


def _secret_volumes(workload: Workload) -> Iterator[tuple[str, list[str]]]:
    for _, volume in workload.volumes:
        names = [as_text(dig(volume, ("secret", "secretName")))]
        projected = as_list(dig(volume, ("projected", "sources")))
        names += [as_text(dig(source, ("secret", "name"))) for source in projected]
        yield as_text(volume.get("name")), [name for name in names if name]
