"""RBAC objects as roles and bindings, joined the way the API server joins them.

Sources: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and, in kubernetes/kubernetes,
``pkg/registry/rbac/validation/rule.go`` (who a binding applies to, where its role is looked up).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.inventory.rbac_aggregation import aggregated, selectors_of
from strongroom.model.origin import FieldPath
from strongroom.model.rbac import Binding, Role, Rule, Subject
from strongroom.model.resource import Resource, as_dict, as_list, as_text

GROUP = "rbac.authorization.k8s.io"
SERVICE_ACCOUNT_USER = "system:serviceaccount:"
"""Prefix of the user name of a ServiceAccount (k8s.io/apiserver/pkg/authentication/serviceaccount)."""


def roles_of(resources: Iterable[Resource]) -> tuple[Role, ...]:
    """Return the Roles and ClusterRoles among the objects, in their order.

    The rules of an aggregated ClusterRole are those of the ClusterRoles that its selectors match, with the fields
    that lead to them *there*. Rules that it holds itself count only where the control plane wrote them (the object
    was read from a cluster) or where what matches has none: the controller replaces all others.
    """
    found = [r for r in resources if r.group == GROUP and r.kind in ("Role", "ClusterRole")]
    of_cluster = [resource for resource in found if resource.kind == "ClusterRole"]
    held, parents = aggregated(of_cluster, [tuple(_rules(resource)) for resource in of_cluster])
    shared = iter(zip(held, parents, strict=True))
    return tuple(
        _role(resource, *next(shared)) if resource.kind == "ClusterRole" else _role(resource) for resource in found
    )


def _role(resource: Resource, rules: tuple[Rule, ...] | None = None, parents: tuple[str, ...] = ()) -> Role:
    cluster = resource.kind == "ClusterRole"
    return Role(
        resource=resource,
        cluster=cluster,
        rules=tuple(_rules(resource)) if rules is None else rules,
        aggregates=cluster and bool(selectors_of(resource)),
        part_of=parents,
    )


def bindings_of(resources: Iterable[Resource], roles: Iterable[Role]) -> tuple[Binding, ...]:
    """Return the RoleBindings and ClusterRoleBindings among the objects, in their order.

    A binding without a ``roleRef`` is left out. Where several roles have the name, that of the same namespace, file and
    folder, in this order, is meant.
    """
    known = _Named(roles)
    bindings = []
    for resource in resources:
        if resource.group == GROUP and resource.kind in ("RoleBinding", "ClusterRoleBinding"):
            ref = as_dict(resource.get("roleRef"))
            kind, name = as_text(ref.get("kind")), as_text(ref.get("name"))
            if kind and name:
                cluster = resource.kind == "ClusterRoleBinding"
                role = known.meant_by(resource, kind, name)
                bindings.append(Binding(resource, cluster, kind, name, tuple(_subjects(resource, cluster)), role))
    return tuple(bindings)


_ACCOUNT = re.compile(re.escape(SERVICE_ACCOUNT_USER) + "[^:]+:[^:]+")

_ANY = "*"
"""Stands for any namespace: no namespace has this name."""


class _Named:
    """Finds the role that a binding means: the first of its namespace, file and folder."""

    def __init__(self, roles: Iterable[Role]) -> None:
        self._first: dict[tuple[str, ...], Role] = {}
        for role in roles:
            resource = role.resource
            for namespace in (resource.namespace, _ANY):
                for place in _places(resource):
                    self._first.setdefault((resource.kind, resource.name, namespace, *place), role)

    def meant_by(self, binding: Resource, kind: str, name: str) -> Role | None:
        """Return the role of a kind and name that a binding refers to; None where there is none."""
        if kind == "ClusterRole":
            namespaces = [_ANY]
        elif binding.kind == "ClusterRoleBinding":
            return None  # the API server refuses it
        else:
            namespaces = [binding.namespace, "" if binding.namespace else _ANY]
        keys = ((kind, name, namespace, *place) for namespace in namespaces for place in _places(binding))
        return next((self._first[key] for key in keys if key in self._first), None)


def _places(resource: Resource) -> tuple[tuple[str, ...], ...]:
    """Return what stands for an object's file, its folder, and anywhere."""
    path = resource.origin.path
    return ("file", path), ("folder", path.rpartition("/")[0]), ()


def _subjects(binding: Resource, cluster: bool) -> Iterator[tuple[FieldPath, Subject]]:
    """Yield who a binding applies to: a ServiceAccount without a namespace is of the RoleBinding's own.

    The user ``system:serviceaccount:NAMESPACE:NAME`` is that ServiceAccount.
    """
    for index, entry in enumerate(as_list(binding.get("subjects"))):
        kind, name = as_text(as_dict(entry).get("kind")), as_text(as_dict(entry).get("name"))
        if not name or kind not in ("User", "Group", "ServiceAccount"):
            continue
        namespace = ""
        if kind == "ServiceAccount":
            namespace = as_text(entry.get("namespace")) or ("" if cluster else binding.namespace)
        elif kind == "User" and _ACCOUNT.fullmatch(name):
            kind, (_, _, namespace, name) = "ServiceAccount", name.split(":")
        yield ("subjects", index), Subject(kind, namespace, name)


def _rules(role: Resource) -> Iterator[Rule]:
    for index, rule in enumerate(as_list(role.get("rules"))):
        if isinstance(rule, dict):
            yield Rule(
                verbs=_texts(rule.get("verbs")),
                groups=_texts(rule.get("apiGroups")),
                resources=_texts(rule.get("resources")),
                names=_texts(rule.get("resourceNames")),
                urls=_texts(rule.get("nonResourceURLs")),
                field=("rules", index),
            )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in as_list(value) if isinstance(item, str))
