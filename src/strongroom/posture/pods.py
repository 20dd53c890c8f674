"""What the checks over pod specs have in common: which secrets they are given, and whether they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from strongroom.inventory.consumers import uses_of_workload
from strongroom.model.origin import FieldPath
from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.model.secret import Way
from strongroom.model.workload import POD_SPECS, Container, Workload

CSI_SECRETS_STORE = "secrets-store.csi.k8s.io"
RUN_ONCE = frozenset({"Job", "CronJob"})

_STATIC_POD_MARKS = ("kubernetes.io/config.source", "kubernetes.io/config.mirror")


class SecretSource(NamedTuple):
    """A Secret in a volume: its own (``secret``), or one of the sources of a projected volume.

    ``field`` leads to the source, ``holder`` to the mapping that may hold ``defaultMode``.
    """

    volume: str
    name: str
    source: dict[str, Any]
    field: FieldPath
    holder: dict[str, Any]
    holder_field: FieldPath


def secret_sources(workload: Workload) -> Iterator[SecretSource]:
    """Yield the Secrets in the volumes of a pod spec."""
    for field, volume in workload.volumes:
        name = as_text(volume.get("name"))
        secret = as_dict(volume.get("secret"))
        if as_text(secret.get("secretName")):
            yield SecretSource(name, secret["secretName"], secret, (*field, "secret"), secret, (*field, "secret"))
        projected = as_dict(volume.get("projected"))
        for index, entry in enumerate(as_list(projected.get("sources"))):
            part = as_dict(as_dict(entry).get("secret"))
            if as_text(part.get("name")):
                place = (*field, "projected", "sources", index, "secret")
                yield SecretSource(name, part["name"], part, place, projected, (*field, "projected"))


def csi_secret_volumes(workload: Workload) -> Iterator[tuple[str, str]]:
    """Yield the volumes of the Secrets Store CSI driver: their names and the SecretProviderClasses."""
    for _, volume in workload.volumes:
        csi = as_dict(volume.get("csi"))
        if csi.get("driver") == CSI_SECRETS_STORE:
            yield (
                as_text(volume.get("name")),
                as_text(as_dict(csi.get("volumeAttributes")).get("secretProviderClass")),
            )


def secrets_given_to(workload: Workload) -> list[str]:
    """Return the names of the Secrets that the containers of a pod are given, in order, pull secrets aside."""
    names = (use.ref.name for use in uses_of_workload(workload) if use.consumer.way is not Way.IMAGE_PULL)
    return list(dict.fromkeys(names))


def is_whole(workload: Workload) -> bool:
    """Tell whether this is a pod that could run, not a patch or a custom resource's additions to one.

    What is missing from a fragment says nothing: the base has it.
    """
    own = [container for container in workload.containers if container.role == "containers"]
    template = workload.resource.kind in POD_SPECS or workload.field[-2:] == ("template", "spec")
    return template and bool(own) and all(container.image for container in own)


def is_control_plane(workload: Workload) -> bool:
    """Tell whether this is a part of Kubernetes itself that kubeadm or the kubelet runs."""
    annotations = workload.resource.annotations
    return workload.namespace == "kube-system" and (
        workload.pod_labels.get("tier") == "control-plane" or any(mark in annotations for mark in _STATIC_POD_MARKS)
    )


def runs_as_root(workload: Workload, container: Container) -> bool:
    """Tell whether a container may run as root: neither its own nor the pod's security context forbids it.

    A container's fields win over the pod's (SecurityContext v1).
    """
    own, pods = as_dict(container.body.get("securityContext")), as_dict(workload.spec.get("securityContext"))
    if own.get("privileged") is True:
        return True
    merged = {**pods, **own}
    user = merged.get("runAsUser")
    if isinstance(user, int) and not isinstance(user, bool):
        return user == 0
    return merged.get("runAsNonRoot") is not True


def named(names: list[str], most: int = 3) -> str:
    """Write a few names for people: ``a and b``, ``a, b, c and 2 more``."""
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last
