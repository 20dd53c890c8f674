"""Those whom somebody can be who can be anyone of a kind."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.rbac_request import ANONYMOUS, MASTERS, NODE_USER, UNAUTHENTICATED
from strongroom.access.world import World
from strongroom.model.access import Node, Power, identity

_KINDS = {Power.ANY_USER: "User", Power.ANY_GROUP: "Group"}
_NOT_MEANT = frozenset({MASTERS, ANONYMOUS, UNAUTHENTICATED})


def anyone(world: World, which: Power) -> Iterator[Node]:
    """Yield every user, group or node that is known and that whoever is any of them can be."""
    if which is Power.ANY_NODE:
        yield from (Node("Node", "", machine) for machine in world.machines)
        return
    subjects = dict.fromkeys(subject for binding in world.rbac.bindings for _, subject in binding.subjects)
    for node in map(identity, subjects):
        if node.kind == _KINDS[which] and node.name not in _NOT_MEANT:
            yield node


def node_name(user: str) -> str:
    """Return the name of the node that a user name stands for; empty where it is none's."""
    return user.removeprefix(NODE_USER) if user.startswith(NODE_USER) else ""
