"""The roles that somebody may bind to himself, as holders of their own.

What a role gives to whoever takes it is found as it is for everybody else: a binding is made up whose only subject is
the role itself, in each place where somebody may bind it. The way ``bind`` then leads from somebody to that holder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from strongroom.access.rbac import Rbac
from strongroom.access.rbac_defaults import LABEL
from strongroom.model.access import Node
from strongroom.model.rbac import Binding, Role, Subject

GROUP = "rbac.authorization.k8s.io"
EVERY = "*"
"""Stands for each namespace by itself, where a RoleBinding can be made in any."""

_DEFAULT = "default"
_PLURALS = {"ClusterRole": "clusterroles", "Role": "roles"}


def role_node(kind: str, namespace: str, name: str) -> Node:
    """Return whoever holds a role in a namespace; everywhere by a ClusterRoleBinding, for an empty one."""
    return Node(kind, namespace, name)


def takeable(rbac: Rbac, namespaces: Sequence[str]) -> tuple[Binding, ...]:
    """Return a binding of each role that somebody may bind to the role itself, in the places where he may.

    Who holds every right may bind every role, and gains nothing by it: he does not count here.
    """
    known: dict[tuple[str, str, str], Role] = {}
    by_namespace: dict[str, list[str]] = {}
    for role in rbac.roles:
        kind, name = role.resource.kind, role.resource.name
        space = "" if role.cluster else role.resource.namespace or _DEFAULT
        known.setdefault((kind, space, name), role)
        if not role.cluster:
            by_namespace.setdefault(space, []).append(name)
    found: dict[tuple[str, str, str], None] = {}
    for kind in _PLURALS:
        for space, name in _bindable(rbac, kind, namespaces, by_namespace):
            found[kind, space, name] = None
    for binding in rbac.bindings:
        # A binding that somebody may add himself to names its role whatever the limit of the verb is.
        space = "" if binding.cluster else binding.resource.namespace or _DEFAULT
        if _may_be_changed(rbac, binding, space):
            found[binding.role_kind, space, binding.role_name] = None
    bindings = (_binding(known, *key) for key in found)
    return tuple(binding for binding in bindings if binding is not None)


def _bindable(
    rbac: Rbac, kind: str, namespaces: Sequence[str], by_namespace: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """Yield where and by which name a role of a kind may be bound."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for grant in rbac.grants("bind", GROUP, _PLURALS[kind]):
        for rule, names in grant.rules:
            if (grant.namespace, names) in seen or rule.is_everything:
                continue
            seen.add((grant.namespace, names))
            spaces = [grant.namespace] if grant.namespace else ["", *namespaces]
            for space in spaces:
                wanted = names or (by_namespace.get(space, ()) if kind == "Role" else ())
                yield from ((space, name) for name in wanted)


def _may_be_changed(rbac: Rbac, binding: Binding, space: str) -> bool:
    """Tell whether anybody but the control plane may change a binding, and anybody bind its role."""

    def anybody(verb: str, plural: str, name: str) -> bool:
        return any(
            not rule.is_everything and (not names or name in names)
            for grant in rbac.grants(verb, GROUP, plural, namespace=space)
            if LABEL not in grant.binding.resource.labels
            for rule, names in grant.rules
        )

    plural, own = "clusterrolebindings" if binding.cluster else "rolebindings", binding.resource.name
    if not anybody("bind", _PLURALS.get(binding.role_kind, ""), binding.role_name):
        return False
    return anybody("update", plural, own) or anybody("patch", plural, own)


def _binding(known: dict[tuple[str, str, str], Role], kind: str, space: str, name: str) -> Binding | None:
    role = known.get((kind, "" if kind == "ClusterRole" else space, name))
    return binding_of(role, kind, space, name) if role is not None else None


def binding_of(role: Role, kind: str, space: str, name: str) -> Binding:
    """Return a binding of a role to the role itself, in a namespace or, for an empty one, everywhere."""
    resource = msgspec.structs.replace(role.resource, namespace=space)
    subject = Subject(*role_node(kind, space, name))
    return Binding(resource, not space, kind, name, (((), subject),), role)
