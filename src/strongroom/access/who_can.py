"""Who may do one thing, by RBAC alone: each identity with its bindings, roles and rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.access import rbac_defaults
from strongroom.access.membership import Members
from strongroom.access.rbac import DEFAULT_NAMESPACE, Permission, Rbac
from strongroom.access.rbac_request import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    NODES,
    SERVICE_ACCOUNTS,
    UNAUTHENTICATED,
)
from strongroom.model.facts import Facts
from strongroom.model.holders import Asked, Grounds, Holder, Place
from strongroom.model.origin import FieldPath
from strongroom.model.rbac import Binding, Subject
from strongroom.model.resource import Resource, ResourceId

STANDS_FOR = {
    MASTERS: "may do everything, before any role is asked; only a new certificate authority takes that back",
    AUTHENTICATED: "every user, every pod and every node",
    UNAUTHENTICATED: "everybody who reaches the API server",
    ANONYMOUS: "everybody who reaches the API server",
    SERVICE_ACCOUNTS: "every ServiceAccount, and so every pod",
    NODES: "every kubelet",
}
"""What the groups and users of Kubernetes itself stand for."""

_LIMITS = {
    "list": "only with the field selector metadata.name",
    "watch": "only with the field selector metadata.name",
    "create": "only by an apply or update that names it",
}


def who_can(asked: Asked, rbac: Rbac, facts: Facts, members: Members) -> tuple[Holder, ...]:
    """Return everybody who may do what is asked about: who may do it everywhere first, then by kind and name.

    ``system:masters`` is always among them: the API server allows it everything.
    """
    permissions: dict[Subject, list[Permission]] = {}
    for permission in _permissions(asked, rbac):
        if not asked.name or not permission.names or asked.name in permission.names:
            permissions.setdefault(permission.subject, []).append(permission)
    permissions.setdefault(Subject("Group", "", MASTERS), [])
    accounts, places = _accounts(facts), _Places()
    holders = [
        _holder(subject, tuple(places.grounds(one, asked) for one in found), accounts, members)
        for subject, found in permissions.items()
    ]
    return tuple(sorted(holders, key=_order))


def dangling(rbac: Rbac) -> tuple[ResourceId, ...]:
    """Return the bindings whose role no source holds; a role that is refused is held."""
    refused = {(resource.kind, resource.name) for resource, _ in rbac.refused}
    return tuple(
        binding.resource.id
        for binding in rbac.bindings
        if binding.role is None and (binding.role_kind, binding.role_name) not in refused
    )


def _permissions(asked: Asked, rbac: Rbac) -> Iterator[Permission]:
    if asked.path:
        yield from rbac.holders_of_path(asked.verb, asked.path)
    elif not asked.namespaces:
        yield from rbac.holders(asked.verb, asked.group, asked.resource)
    else:
        seen: set[Permission] = set()
        for namespace in asked.namespaces:
            for permission in rbac.holders(asked.verb, asked.group, asked.resource, namespace=namespace):
                if permission not in seen:
                    seen.add(permission)
                    yield permission


def _order(holder: Holder) -> tuple[bool, str, str, str]:
    narrow = bool(holder.grounds) and all(grounds.namespace for grounds in holder.grounds)
    return narrow, holder.subject.kind, holder.subject.namespace, holder.subject.name


def _holder(
    subject: Subject, grounds: tuple[Grounds, ...], accounts: dict[str, list[Subject]], members: Members
) -> Holder:
    stands_for, included = STANDS_FOR.get(subject.name, "") if subject.kind != "ServiceAccount" else "", []
    if subject.kind == "Group":
        prefix, _, namespace = subject.name.rpartition(":")
        if prefix == SERVICE_ACCOUNTS and namespace:
            stands_for = f"every ServiceAccount of namespace {namespace}, and so every pod there"
            included = accounts.get(namespace, [])
        named = [node for node, _ in members.get(subject.name, ())]
        included = [*included, *(Subject(node.kind, node.namespace, node.name) for node in named)]
    return Holder(subject, grounds, stands_for, tuple(included), all(one.binding.default for one in grounds))


class _Places:
    """Makes the grounds of permissions; an object that gives something to many is looked at once."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, FieldPath], Place] = {}

    def grounds(self, permission: Permission, asked: Asked) -> Grounds:
        binding, rule = permission.binding, permission.rule
        return Grounds(
            permission.namespace,
            self._place(binding.resource, _at_subject(binding, permission.subject)),
            self._place(permission.role.resource, rule.field),
            permission.names,
            _LIMITS.get(asked.verb, "") if permission.names and "/" not in asked.resource else "",
        )

    def _place(self, resource: Resource, field: FieldPath) -> Place:
        key = id(resource), field
        if key not in self._made:
            supposed = rbac_defaults.is_default(resource)
            default = supposed or rbac_defaults.LABEL in resource.labels
            self._made[key] = Place(resource.id, resource.origin.at(field), supposed, default)
        return self._made[key]


def _at_subject(binding: Binding, subject: Subject) -> FieldPath:
    """Return the field of a subject in its binding; a ServiceAccount there may leave its namespace open."""
    for field, named in binding.subjects:
        if named == subject or (not named.namespace and (named.kind, named.name) == (subject.kind, subject.name)):
            return field
    return ("subjects",)


def _accounts(facts: Facts) -> dict[str, list[Subject]]:
    """Return the ServiceAccounts of the sources by their namespace."""
    found: dict[str, list[Subject]] = {}
    for resource in _unique(facts.of_kind("ServiceAccount")):
        namespace = resource.namespace or DEFAULT_NAMESPACE
        found.setdefault(namespace, []).append(Subject("ServiceAccount", namespace, resource.name))
    return found


def _unique(resources: Iterable[Resource]) -> Iterable[Resource]:
    return {resource.id: resource for resource in resources if not resource.group}.values()
