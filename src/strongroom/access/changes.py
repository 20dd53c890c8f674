"""What a change of the facts changes in who reaches what."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom.access.closure import Closure, places
from strongroom.access.graph import Graph
from strongroom.access.questions import control_plane
from strongroom.access.routes import Tree
from strongroom.access.together import implied_groups
from strongroom.model.access import Node
from strongroom.model.access_report import Change, Reached

_EXPLAINED = 200
"""So many identities that reach more than before are told by which path."""


def changes(before: Graph, after: Graph) -> list[Change]:
    """Return who reaches other Secrets than before, those who reach more first.

    Secrets that ``before`` does not know are told apart: somebody had to come to reach them. Where a group that the API
    server itself puts everybody of a kind in reaches more, its members are not told one by one.
    """
    everybody = sorted({graph.nodes[number] for graph in (before, after) for number in graph.identities()})
    old, new = _reached(before, everybody), _reached(after, everybody)
    gained: dict[int, list[Node]] = {}
    lost: dict[int, list[Node]] = {}
    on_new: dict[int, list[Node]] = {}
    for secret in sorted({*old, *new}):
        known, now = old.get(secret), new.get(secret, 0)
        if known is None:
            _note(on_new, now, secret)
        else:
            _note(gained, _by_themselves(now & ~known, everybody), secret)
            _note(lost, known & ~now, secret)
    own = control_plane()
    told = sorted(gained) + sorted((lost.keys() | on_new.keys()) - gained.keys())
    return [
        Change(
            everybody[index],
            _explained(after, everybody[index], gained.get(index, ()), explain=rank < _EXPLAINED),
            tuple(lost.get(index, ())),
            tuple(on_new.get(index, ())),
        )
        for rank, index in enumerate(told)
        if index in gained or index in lost or everybody[index] not in own
    ]


def _reached(graph: Graph, identities: Iterable[Node]) -> dict[Node, int]:
    closure = Closure(graph, [graph.number.get(node, -1) for node in identities])
    return {graph.nodes[number]: closure.reached_by[number] for number in graph.secrets()}


def _by_themselves(who: int, everybody: list[Node]) -> int:
    """Leave out those who come to reach something only as everybody does who is in the same group."""
    here = {everybody[index]: 1 << index for index in places(who)}
    return sum(bit for node, bit in here.items() if here.keys().isdisjoint(implied_groups(node)))


def _note(found: dict[int, list[Node]], who: int, secret: Node) -> None:
    for index in places(who):
        found.setdefault(index, []).append(secret)


def _explained(graph: Graph, identity: Node, secrets: Iterable[Node], *, explain: bool) -> tuple[Reached, ...]:
    listed = list(secrets)
    if not listed:
        return ()
    tree = Tree(graph, graph.number[identity])
    return tuple(
        Reached(secret, tree.distance[number][0], tree.route(number) if explain else None)
        for secret, number in ((secret, graph.number[secret]) for secret in listed)
    )
