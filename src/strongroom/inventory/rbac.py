"""RBAC objects as roles and bindings, joined the way the API server joins them.

Sources: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and, in kubernetes/kubernetes,
``pkg/registry/rbac/validation/rule.go`` (who a binding applies to, where its role is looked up) and
``pkg/controller/clusterroleaggregation`` (what an aggregated ClusterRole holds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

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
    was read from a cluster) or where nothing matches: the controller replaces all others.
    """
    found = [r for r in resources if r.group == GROUP and r.kind in ("Role", "ClusterRole")]
    aggregation = _Aggregation([r for r in found if r.kind == "ClusterRole"])
    rules = [aggregation.rules(r) if r.kind == "ClusterRole" else tuple(_rules(r)) for r in found]
    return tuple(
        Role(
            resource=resource,
            cluster=resource.kind == "ClusterRole",
            rules=allowed,
            aggregates=resource.kind == "ClusterRole" and bool(_selectors(resource)),
            part_of=tuple(sorted(aggregation.into.get(id(resource), ()))),
        )
        for resource, allowed in zip(found, rules, strict=True)
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
        elif kind == "User" and name.startswith(SERVICE_ACCOUNT_USER) and name.count(":") == 3:
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


def _selectors(role: Resource) -> list[dict[str, Any]]:
    listed = as_list(as_dict(role.get("aggregationRule")).get("clusterRoleSelectors"))
    return [selector for selector in listed if isinstance(selector, dict)]


class _Aggregation:
    """The rules of the ClusterRoles of one run, aggregation resolved.

    ``into`` collects, by the ``id`` of an object, the names of the ClusterRoles that were found to aggregate it.
    """

    def __init__(self, cluster_roles: list[Resource]) -> None:
        self._all = cluster_roles
        self.into: dict[int, set[str]] = {}
        self._by_label: dict[tuple[str, str], list[Resource]] = {}
        for role in cluster_roles:
            for label in role.labels.items():
                self._by_label.setdefault(label, []).append(role)

    def rules(self, role: Resource) -> tuple[Rule, ...]:
        """Return what a ClusterRole allows; what it aggregates may itself aggregate."""
        own = tuple(_rules(role))
        if not _selectors(role):
            return own
        seen: dict[int, Resource] = {id(role): role}
        rules: dict[Rule, None] = dict.fromkeys(own if role.get("metadata", "uid") else ())
        waiting = [role]
        while waiting:
            for other in self._matches(waiting.pop()):
                if id(other) not in seen and other.name != role.name:
                    seen[id(other)] = other
                    self.into.setdefault(id(other), set()).add(role.name)
                    if _selectors(other):
                        waiting.append(other)
                    else:
                        rules.update(dict.fromkeys(_rules(other)))
        return tuple(rules) if len(seen) > 1 else own

    def _matches(self, role: Resource) -> Iterator[Resource]:
        for selector in _selectors(role):
            labels = as_dict(selector.get("matchLabels"))
            pools = [self._by_label.get(item, []) for item in labels.items() if isinstance(item[1], str)]
            test = _selector_test(selector)
            yield from (other for other in min(pools, key=len, default=self._all) if test(other.labels))


def _selector_test(selector: dict[str, Any]) -> Callable[[dict[str, str]], bool]:
    """Return the test of a LabelSelector: all its requirements hold, and an empty one matches everything.

    A requirement of an unknown shape matches nothing: the API server would refuse the selector.
    """
    labels = as_dict(selector.get("matchLabels"))
    expressions = as_list(selector.get("matchExpressions"))

    def test(found: dict[str, str]) -> bool:
        return all(found.get(k) == v for k, v in labels.items()) and all(_holds(e, found) for e in expressions)

    return test


def _holds(expression: Any, labels: dict[str, str]) -> bool:
    entry = as_dict(expression)
    key, operator, values = as_text(entry.get("key")), entry.get("operator"), as_list(entry.get("values"))
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    return operator == "DoesNotExist" and key not in labels
