"""Who holds several permissions at once: what many ways need, and what no single binding shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from strongroom.access.rbac import Permission
from strongroom.access.rbac_request import AUTHENTICATED, SERVICE_ACCOUNTS, UNAUTHENTICATED
from strongroom.access.world import World, grounds, who
from strongroom.model.access import Evidence, Node, identity
from strongroom.model.rbac import Binding

_Held = dict[str, list[Permission]]
"""Permissions of one question by the namespace that they reach."""

_Listed = Mapping[Node, tuple[Node, ...]]
"""Somebody to the groups that he is in, as something outside Kubernetes says."""


class Joint(NamedTuple):
    """Somebody who holds a permission for each of several questions in one namespace.

    Attributes:
        source: who: a subject of a binding; what its built-in groups hold counts as its own.
        namespace: empty for every namespace.
        parts: for each question the permissions that reach the namespace, those for any name first.
    """

    source: Node
    namespace: str
    parts: tuple[tuple[Permission, ...], ...]

    def evidence(self, *notes: str) -> tuple[Evidence, ...]:
        """Return binding and role of the first permission of each part, with a note for each."""
        grouped = (grounds(part[0], note) for part, note in zip(self.parts, notes, strict=True))
        return tuple(dict.fromkeys(item for items in grouped for item in items))


def together(*questions: Iterable[Permission], world: World | None = None) -> Iterator[Joint]:
    """Yield who holds a permission of each question, by namespace; everywhere, where each is held everywhere.

    Those who hold every part through one and the same group are left out: the group itself is yielded.

    Args:
        questions: the permissions of each.
        world: says who is in which group, where something does; everybody is in the built-in ones.
    """
    held: list[dict[Node, _Held]] = []
    for question in questions:
        held.append(_by_holder(question))
        if not held[-1]:
            return
    listed = world.members if world is not None else {}
    candidates = dict.fromkeys(node for holders in held for node in holders)
    candidates.update(dict.fromkeys(listed))
    for source in candidates:
        groups = _groups_of(source, listed)
        parts = [_merged(holders.get(node) for node in (source, *groups)) for holders in held]
        if all(parts):
            for namespace in _common(parts):
                chosen = tuple(_reaching(part, namespace) for part in parts)
                if all(chosen) and not _all_by_a_group(source, groups, chosen, listed):
                    yield Joint(source, namespace, chosen)


def _all_by_a_group(
    source: Node, groups: tuple[Node, ...], parts: tuple[tuple[Permission, ...], ...], listed: _Listed
) -> bool:
    """Tell whether somebody holds nothing of it himself, and one of his groups holds every part."""
    holders = [{who(permission) for permission in part} for part in parts]
    if any(source in part for part in holders):
        return False
    closures = ({group, *_groups_of(group, listed)} for group in groups)
    return any(all(not part.isdisjoint(closure) for part in holders) for closure in closures)


def _groups_of(node: Node, listed: _Listed) -> tuple[Node, ...]:
    """Return the groups that somebody is in, through other groups too."""
    found = dict.fromkeys(listed.get(node, ()))
    waiting = list(found)
    while waiting:
        above = [group for group in listed.get(waiting.pop(), ()) if group not in found and group != node]
        found.update(dict.fromkeys(above))
        waiting.extend(above)
    return tuple(dict.fromkeys((*found, *implied_groups(node))))


def implied_groups(node: Node) -> tuple[Node, ...]:
    """Return the groups that everybody of a kind is in, and so holds what they hold.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
    """
    names: tuple[str, ...] = ()
    if node.kind == "ServiceAccount":
        names = (f"{SERVICE_ACCOUNTS}:{node.namespace}", SERVICE_ACCOUNTS, AUTHENTICATED)
    elif node.kind == "Group" and node.name.startswith(f"{SERVICE_ACCOUNTS}:"):
        names = (SERVICE_ACCOUNTS, AUTHENTICATED)
    elif node.kind == "Group" and node.name in (AUTHENTICATED, UNAUTHENTICATED):
        names = ()
    elif node.is_identity and node.name != "system:anonymous":
        names = (AUTHENTICATED,)
    return tuple(Node("Group", "", name) for name in names)


class Bound:
    """Finds the bindings of somebody, those of the groups that he is in included."""

    def __init__(self, world: World) -> None:
        self._members = world.members
        self._of: dict[Node, list[Binding]] = {}
        for binding in world.rbac.bindings:
            for _, subject in binding.subjects:
                self._of.setdefault(identity(subject), []).append(binding)

    def of(self, node: Node) -> Iterator[Binding]:
        """Yield the bindings of an identity."""
        for holder in (node, *_groups_of(node, self._members)):
            yield from self._of.get(holder, ())


def _by_holder(question: Iterable[Permission]) -> dict[Node, _Held]:
    found: dict[Node, _Held] = {}
    for permission in question:
        found.setdefault(who(permission), {}).setdefault(permission.namespace, []).append(permission)
    return found


def _merged(several: Iterable[_Held | None]) -> _Held:
    some = [held for held in several if held]
    if len(some) == 1:
        return some[0]
    merged: _Held = {}
    for held in some:
        for namespace, permissions in held.items():
            merged.setdefault(namespace, []).extend(permissions)
    return merged


def _common(parts: list[_Held]) -> list[str]:
    """Return the namespaces in which every part is held: only the empty one where all hold for any name everywhere."""
    if all(any(not one.names for one in part.get("", ())) for part in parts):
        return [""]
    named = dict.fromkeys(namespace for part in parts for namespace in part)
    return [namespace for namespace in named if all(namespace in part or "" in part for part in parts)]


def _reaching(part: _Held, namespace: str) -> tuple[Permission, ...]:
    found = part.get(namespace, [])
    if namespace:
        found = [*found, *part.get("", ())]
    return tuple(sorted(found, key=lambda permission: bool(permission.names)))
