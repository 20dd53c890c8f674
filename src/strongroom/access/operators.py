"""Operators that act with rights of their own: who may write the objects that they obey."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from strongroom.access.arrivals import runs_pods
from strongroom.access.rbac import Permission
from strongroom.access.world import DEFAULT, World, grounds, who
from strongroom.model.access import Evidence, Node, Power, Step, power
from strongroom.model.resource import Resource

WRITE = ("create", "update", "patch")

NOT_SEEN = "if its operator runs"
"""The condition of a way through an operator that the sources do not show."""


class Writer(msgspec.Struct, frozen=True):
    """Somebody who may write objects of an operator, and on what condition that leads anywhere."""

    permission: Permission
    condition: str

    @property
    def namespace(self) -> str:
        """Where; empty for every namespace."""
        return self.permission.namespace

    def step(self, target: Node, way: str, note: str, condition: str = "", more: tuple[Evidence, ...] = ()) -> Step:
        """Return the step to what the operator then does for him."""
        evidence = (*grounds(self.permission, note), *more)
        return Step(who(self.permission), target, way, evidence, self.condition or condition, note)

    def to(self, what: Power, way: str, note: str) -> Step:
        """Return the step to a power where the permission reaches."""
        return self.step(power(what, self.namespace), way, note)


def unless_seen(world: World, group: str) -> str:
    """Return the condition of ways through an operator: none where an object of its API group is there."""
    return "" if group in world.served else NOT_SEEN


def may_write(world: World, group: str, resource: str, *verbs: str) -> Iterator[Permission]:
    """Yield the permissions to write some objects of an operator.

    Where the sources do not show the operator, a rule that names its API group speaks of it all the same, and a
    wildcard does not.
    """
    seen = group in world.served
    for permission in world.holders(group, resource, *(verbs or WRITE)):
        if seen or group in permission.rule.groups:
            yield permission


def writers(world: World, group: str, resource: str, *verbs: str) -> Iterator[Writer]:
    """Yield who may write some objects of an operator, as `may_write`."""
    condition = unless_seen(world, group)
    for permission in may_write(world, group, resource, *verbs):
        yield Writer(permission, condition)


def receives(world: World) -> Iterator[Permission]:
    """Yield the permissions by which somebody reads a Secret of his own naming: on Secrets, or by a pod with it."""
    yield from world.holders("", "secrets", "get", "list", "watch")
    yield from runs_pods(world)


def placed(resource: Resource) -> str:
    """Return the namespace of an object, never empty."""
    return resource.namespace or DEFAULT
