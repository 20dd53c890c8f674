"""What every Kubernetes cluster holds by itself: its RBAC objects and its types of resources.

The data was read from a running API server by ``scripts/kubernetes_defaults.py``; what makes the objects is
``plugin/pkg/auth/authorizer/rbac/bootstrappolicy`` in kubernetes/kubernetes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib import resources
from typing import Any

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.resource import Resource

LABEL = "kubernetes.io/bootstrapping"
SOURCE = "every Kubernetes cluster"
"""The source of the objects that were not read from any source of the run, but are taken to be there."""


_NO_OBJECTS = frozenset(
    {
        ("", "users"),
        ("", "groups"),
        ("authentication.k8s.io", "uids"),
        ("authentication.k8s.io", "userextras"),
        ("certificates.k8s.io", "signers"),
    }
)
"""Group and plural of what only rules speak of; the API server asks about it in no namespace.

``staging/src/k8s.io/apiserver/pkg/endpoints/filters/impersonation`` and ``plugin/pkg/admission/certificates``
in kubernetes/kubernetes.
"""


class ResourceType(msgspec.Struct, frozen=True):
    """One type of resources, as the API server's discovery names it; a subresource is ``pods/exec``."""

    group: str
    plural: str
    kind: str
    namespaced: bool
    aliases: tuple[str, ...] = ()


class _Data(msgspec.Struct, frozen=True):
    version: str
    objects: tuple[dict[str, Any], ...]
    types: tuple[ResourceType, ...]


def version() -> str:
    """Return the version of Kubernetes whose defaults these are."""
    return _data().version


def types() -> tuple[ResourceType, ...]:
    """Return the types of resources that Kubernetes itself serves."""
    return _data().types


@functools.cache
def cluster_scoped() -> frozenset[tuple[str, str]]:
    """Return group and plural of the resources of Kubernetes that no namespace has; ``namespaces`` is left out.

    A request for one namespace by its name is made in that namespace.
    """
    return frozenset(
        (entry.group, entry.plural)
        for entry in types()
        if not entry.namespaced and "/" not in entry.plural and (entry.group, entry.plural) != ("", "namespaces")
    ).union(_NO_OBJECTS)


def missing(held: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return the default RBAC objects that RBAC objects which were read lack.

    Where a default object of a kind was read from a running cluster, all of that kind were, and none is added: what is
    missing then was deleted.
    """
    names, whole = set(), set()
    for resource in held:
        names.add((resource.kind, resource.namespace, resource.name))
        if resource.labels.get(LABEL) and resource.get("metadata", "uid"):
            whole.add(resource.kind)
    return tuple(
        resource
        for resource in objects()
        if resource.kind not in whole and (resource.kind, resource.namespace, resource.name) not in names
    )


def is_default(resource: Resource) -> bool:
    """Tell whether an object was taken to be there, and not read."""
    return resource.origin.source == SOURCE


@functools.cache
def _data() -> _Data:
    text = resources.files("strongroom.access").joinpath("defaults/kubernetes.json").read_bytes()
    return msgspec.json.decode(text, type=_Data)


@functools.cache
def objects() -> tuple[Resource, ...]:
    """Return the default RBAC objects."""
    return tuple(_resource(body) for body in _data().objects)


def _resource(body: dict[str, Any]) -> Resource:
    metadata = body["metadata"]
    namespace, name, kind = metadata.get("namespace", ""), metadata["name"], body["kind"]
    return Resource(
        api_version=body["apiVersion"],
        kind=kind,
        namespace=namespace,
        name=name,
        labels=metadata.get("labels", {}),
        annotations={},
        body=body,
        origin=Origin(SOURCE, "", object=f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"),
    )
