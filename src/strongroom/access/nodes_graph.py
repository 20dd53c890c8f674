"""Which objects belong to which node, as the Node authorizer sees it: through the pods that are bound to the node.

Source: ``plugin/pkg/auth/authorizer/node/graph.go`` in kubernetes/kubernetes, and for the references
``pkg/api/v1/pod/util.go`` and ``pkg/api/v1/persistentvolume/util.go``. Claims of dynamic resources are not followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from strongroom.access.rbac import DEFAULT_NAMESPACE
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig

MIRROR = "kubernetes.io/config.mirror"
"""Annotation of the copy that a kubelet makes of a pod in one of its files."""

DEFAULT_ACCOUNT = "default"
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_WITH_SECRET_REF = ("cephfs", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos", "cinder")
_NODE_SECRETS = ("nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef")


class Thing(NamedTuple):
    """An object by its plural name (``secrets``, ``persistentvolumes``); all are of the core group but attachments."""

    plural: str
    namespace: str
    name: str


class NodesGraph:
    """What each node may ask for, by the pods, volumes and attachments among the objects. Linear in what they hold."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._things: dict[str, set[Thing]] = {}
        volumes: dict[Thing, list[Resource]] = {}
        for resource in resources:
            if resource.kind == "Pod" and not resource.group:
                self._add_pod(resource)
            elif resource.kind == "PersistentVolume" and not resource.group and (claim := _claim(resource)):
                volumes.setdefault(claim, []).append(resource)
            elif resource.kind == "VolumeAttachment" and (node := as_text(resource.get("spec", "nodeName"))):
                self._things.setdefault(node, set()).add(Thing("volumeattachments", "", resource.name))
        for things in self._things.values():
            for volume in [v for thing in things for v in volumes.get(thing, ())]:
                things.add(Thing("persistentvolumes", "", volume.name))
                things.update(_secrets_of_volume(volume))

    def of(self, node: str) -> frozenset[Thing]:
        """Return the objects that belong to a node; none where it runs no pod."""
        return frozenset(self._things.get(node, ()))

    def holds(self, node: str, thing: Thing) -> bool:
        """Tell whether an object belongs to a node."""
        return thing in self._things.get(node, ())

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that anything belongs to, sorted."""
        return tuple(sorted(self._things))

    def _add_pod(self, pod: Resource) -> None:
        node = as_text(pod.get("spec", "nodeName"))
        if not node:
            return
        namespace = pod.namespace or DEFAULT_NAMESPACE
        things = self._things.setdefault(node, set())
        things.add(Thing("pods", namespace, pod.name))
        if MIRROR in pod.annotations:
            return
        spec = as_dict(pod.get("spec"))
        account = as_text(spec.get("serviceAccountName")) or DEFAULT_ACCOUNT
        things.add(Thing("serviceaccounts", namespace, account))
        for plural, name in _referred(pod.name, spec):
            if name:
                things.add(Thing(plural, namespace, name))


def _referred(pod: str, spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in as_list(spec.get("imagePullSecrets")):
        yield "secrets", as_text(as_dict(entry).get("name"))
    for container in (as_dict(c) for part in _CONTAINERS for c in as_list(spec.get(part))):
        for entry in as_list(container.get("envFrom")):
            yield "secrets", _name(entry, "secretRef")
            yield "configmaps", _name(entry, "configMapRef")
        for entry in as_list(container.get("env")):
            yield "secrets", _name(as_dict(entry).get("valueFrom"), "secretKeyRef")
            yield "configmaps", _name(as_dict(entry).get("valueFrom"), "configMapKeyRef")
    for volume in map(as_dict, as_list(spec.get("volumes"))):
        yield from _of_volume(pod, volume)


def _of_volume(pod: str, volume: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "secrets", as_text(dig(volume, ("secret", "secretName")))
    yield "configmaps", _name(volume, "configMap")
    yield "secrets", as_text(dig(volume, ("azureFile", "secretName")))
    yield "secrets", as_text(dig(volume, ("csi", "nodePublishSecretRef", "name")))
    for source in as_list(dig(volume, ("projected", "sources"))):
        yield "secrets", _name(source, "secret")
        yield "configmaps", _name(source, "configMap")
    for kind in _WITH_SECRET_REF:
        yield "secrets", as_text(dig(volume, (kind, "secretRef", "name")))
    if isinstance(volume.get("ephemeral"), dict):
        yield "persistentvolumeclaims", f"{pod}-{as_text(volume.get('name'))}"
    yield "persistentvolumeclaims", as_text(dig(volume, ("persistentVolumeClaim", "claimName")))


def _name(value: Any, field: str) -> str:
    return as_text(dig(value, (field, "name")))


def _claim(volume: Resource) -> Thing | None:
    reference = as_dict(volume.get("spec", "claimRef"))
    name = as_text(reference.get("name"))
    return Thing("persistentvolumeclaims", as_text(reference.get("namespace")), name) if name else None


def _secrets_of_volume(volume: Resource) -> Iterator[Thing]:
    """Yield the Secrets of a volume that kubelets need: those of a controller are not among them."""
    spec, claimed = as_dict(volume.get("spec")), as_text(volume.get("spec", "claimRef", "namespace"))
    azure = as_dict(spec.get("azureFile"))
    if name := as_text(azure.get("secretName")):
        yield Thing("secrets", as_text(azure.get("secretNamespace")) or claimed, name)
    references = [dig(spec, (kind, "secretRef")) for kind in _WITH_SECRET_REF]
    references += [dig(spec, ("csi", field)) for field in _NODE_SECRETS]
    for reference in map(as_dict, references):
        if name := as_text(reference.get("name")):
            yield Thing("secrets", as_text(reference.get("namespace")) or claimed, name)
