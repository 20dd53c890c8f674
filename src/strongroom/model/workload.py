"""One view over everything that runs pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig

POD_SPECS: dict[str, FieldPath] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Where the built-in kinds keep their pod spec (Kubernetes API reference, v1.36)."""

_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
_SEARCH_DEPTH = 6


class EnvVar(msgspec.Struct, frozen=True):
    """One environment variable: a literal (``value``) or a reference (``value_from``).

    ``field`` leads to the entry of the ``env`` list.
    """

    name: str
    value: str | None
    value_from: dict[str, Any]
    field: FieldPath


class Container(msgspec.Struct, frozen=True, eq=False):
    """One container of a pod spec; ``role`` is ``initContainers``, ``containers`` or ``ephemeralContainers``."""

    name: str
    image: str
    role: str
    field: FieldPath
    body: dict[str, Any]

    @property
    def env(self) -> Iterator[EnvVar]:
        """The environment variables in their order."""
        for index, entry in enumerate(as_list(self.body.get("env"))):
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                value = entry.get("value")
                yield EnvVar(
                    name=entry["name"],
                    value=value if isinstance(value, str) else None,
                    value_from=as_dict(entry.get("valueFrom")),
                    field=(*self.field, "env", index),
                )

    @property
    def env_from(self) -> Iterator[tuple[FieldPath, dict[str, Any]]]:
        """The entries of ``envFrom`` with the fields that lead to them."""
        for index, entry in enumerate(as_list(self.body.get("envFrom"))):
            if isinstance(entry, dict):
                yield (*self.field, "envFrom", index), entry

    @property
    def mounts(self) -> Iterator[tuple[FieldPath, dict[str, Any]]]:
        """The entries of ``volumeMounts`` with the fields that lead to them."""
        for index, entry in enumerate(as_list(self.body.get("volumeMounts"))):
            if isinstance(entry, dict):
                yield (*self.field, "volumeMounts", index), entry

    @property
    def words(self) -> Iterator[tuple[FieldPath, str]]:
        """The words of ``command`` and ``args``, in that order."""
        for part in ("command", "args"):
            for index, word in enumerate(as_list(self.body.get(part))):
                if isinstance(word, str):
                    yield (*self.field, part, index), word

    def __repr__(self) -> str:
        return f"Container({self.name})"


class Workload(msgspec.Struct, frozen=True, eq=False):
    """A pod spec and the object that it stands in.

    Attributes:
        resource: the object: a Pod, a Deployment, an Argo Rollout, a Knative Service …
        spec: the pod spec.
        field: the way to the pod spec.
        containers: all of them, init containers first.
    """

    resource: Resource
    spec: dict[str, Any]
    field: FieldPath
    containers: tuple[Container, ...]

    @property
    def namespace(self) -> str:
        """The namespace of the object; empty where the manifest names none."""
        return self.resource.namespace

    @property
    def service_account(self) -> str:
        """The ServiceAccount that the pods run as: ``default`` where none is named."""
        return as_text(self.spec.get("serviceAccountName")) or as_text(self.spec.get("serviceAccount")) or "default"

    @property
    def volumes(self) -> Iterator[tuple[FieldPath, dict[str, Any]]]:
        """The volumes with the fields that lead to them."""
        for index, entry in enumerate(as_list(self.spec.get("volumes"))):
            if isinstance(entry, dict):
                yield (*self.field, "volumes", index), entry

    @property
    def pod_labels(self) -> dict[str, Any]:
        """The labels that the pods carry."""
        if self.resource.kind == "Pod":
            return dict(self.resource.labels)
        return as_dict(dig(self.resource.body, (*self.field[:-1], "metadata", "labels")))

    def __repr__(self) -> str:
        return f"Workload({self.resource!r})"


def workloads_of(resource: Resource) -> Iterator[Workload]:
    """Yield the pod specs of an object.

    Built-in kinds have theirs where the API reference says; in custom resources a pod template is recognised by its
    shape: a mapping with a list ``containers`` whose items have a ``name`` or an ``image``, at most six levels below
    the root.
    """
    if not resource.group or resource.group in ("apps", "batch", "extensions"):
        path = POD_SPECS.get(resource.kind)
        paths = [path] if path else []
    elif resource.group in ("apiextensions.k8s.io", "rbac.authorization.k8s.io") or resource.group.endswith(".k8s.io"):
        paths = []
    else:
        paths = list(_pod_spec_paths(resource.body, (), _SEARCH_DEPTH))
    for path in paths:
        spec = dig(resource.body, path)
        if isinstance(spec, dict):
            yield Workload(resource, spec, path, tuple(_containers(spec, path)))


def _pod_spec_paths(value: Any, path: FieldPath, depth: int) -> Iterator[FieldPath]:
    if isinstance(value, dict):
        listed = value.get("containers")
        if isinstance(listed, list) and any(isinstance(c, dict) and ("image" in c or "env" in c) for c in listed):
            yield path
            return
        if depth:
            for key, child in value.items():
                if isinstance(child, (dict, list)) and isinstance(key, str):
                    yield from _pod_spec_paths(child, (*path, key), depth - 1)
    elif isinstance(value, list) and depth:
        for index, child in enumerate(value):
            if isinstance(child, dict):
                yield from _pod_spec_paths(child, (*path, index), depth - 1)


def _containers(spec: dict[str, Any], path: FieldPath) -> Iterator[Container]:
    for role in _CONTAINER_LISTS:
        for index, body in enumerate(as_list(spec.get(role))):
            if isinstance(body, dict):
                name, image = as_text(body.get("name")), as_text(body.get("image"))
                yield Container(name, image, role, (*path, role, index), body)
