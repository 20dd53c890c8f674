"""Roles of many names that many subjects hold: the role stands between them, as `access.takeable` makes it.

A rule names objects one by one, a binding subjects; each subject with each object would be one step, and ten thousand
of both a hundred million. Where both are many, the subjects hold the role, and the role reaches the objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from strongroom.access.rbac import Rbac
from strongroom.access.takeable import binding_of, role_node
from strongroom.model.access import INCLUDES, Evidence, Node, Step, identity
from strongroom.model.rbac import Binding, Role, Subject

_FEW = 16
"""Up to so many subjects or names, each subject has steps of its own: no more than so many for each of the other."""

_DEFAULT = "default"


class Crowds(NamedTuple):
    """The bindings of some sources, those to a crowd apart.

    Attributes:
        kept: the bindings whose subjects hold by themselves what the role gives.
        roles: bindings of the others' roles to the role itself.
        holding: the steps from the subjects to the roles that they hold; they are no acts.
    """

    kept: tuple[Binding, ...]
    roles: tuple[Binding, ...]
    holding: tuple[Step, ...]


def crowds(bindings: Sequence[Binding]) -> Crowds:
    """Part the bindings. The subjects of all bindings to one role in one namespace count together."""
    bound: dict[tuple[int, str], list[Binding]] = {}
    for binding in bindings:
        if binding.role is not None and _many_names(binding.role):
            bound.setdefault((id(binding.role), _space(binding)), []).append(binding)
    many = [listed for listed in bound.values() if sum(len(one.subjects) for one in listed) > _FEW]
    apart = {id(binding) for listed in many for binding in listed}
    roles: dict[tuple[str, str, str], Binding] = {}
    for listed in many:
        first = listed[0]
        if first.role is not None:
            key = first.role.resource.kind, _space(first), first.role.resource.name
            roles[key] = binding_of(first.role, *key)
    return Crowds(
        tuple(binding for binding in bindings if id(binding) not in apart),
        tuple(roles.values()),
        tuple(dict.fromkeys(step for listed in many for binding in listed for step in _holding(binding))),
    )


def with_roles(members: Mapping[Node, tuple[Node, ...]], holding: Iterable[Step]) -> Mapping[Node, tuple[Node, ...]]:
    """Return who is in which group, the roles that somebody holds among them: what they give is his."""
    found: dict[Node, dict[Node, None]] = {}
    for step in holding:
        found.setdefault(step.source, dict.fromkeys(members.get(step.source, ())))[step.target] = None
    return {**members, **{node: tuple(groups) for node, groups in found.items()}} if found else members


def all_held(rbac: Rbac, *bindings: Iterable[Binding]) -> Rbac:
    """Return the index of made-up bindings, each role in each namespace once."""
    found = {one.subjects[0][1]: one for listed in bindings for one in listed}
    return Rbac(rbac.roles, found.values())


def _holding(binding: Binding) -> Iterable[Step]:
    role, space = binding.role, _space(binding)
    if role is None:
        return
    target = role_node(role.resource.kind, space, role.resource.name)
    evidence = (
        Evidence("binding", binding.resource.id, binding.resource.origin.at(("subjects",))),
        Evidence("role", role.resource.id, role.resource.origin),
    )
    for _, subject in binding.subjects:
        placed = subject
        if subject.kind == "ServiceAccount" and not subject.namespace:
            placed = Subject(subject.kind, space, subject.name)
        if placed.kind != "ServiceAccount" or placed.namespace:
            yield Step(identity(placed), target, INCLUDES, evidence)


def _many_names(role: Role) -> bool:
    return sum(len(rule.names) for rule in role.rules) > _FEW


def _space(binding: Binding) -> str:
    return "" if binding.cluster else binding.resource.namespace or _DEFAULT
