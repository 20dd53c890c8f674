"""How many acts away everybody is, counted: for each of some nodes how many reach it with no act, with one, and so on.

Sets of identities are kept small, so that a large cluster needs no more memory than its graph. What does not lead to
the nodes that are asked about is left out; of those that the same steps lead to, one is looked at; of identities that
the same steps lead from, one is followed, and counts for all; and so many at once as bound the memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from strongroom.access.closure import COUNTED, joined, waves
from strongroom.access.graph import Graph

_AT_ONCE = 8_192
"""Identities that are followed at once: one set of them is a kibibyte."""

_Lists = list[list[int]]
_Steps = tuple[tuple[int, ...], tuple[int, ...]]


class _Part(NamedTuple):
    """Some nodes of a graph under numbers of their own.

    Attributes:
        number: the number in the graph to that in the part; several may share one.
        free: as `Graph.free`.
        paid: as `Graph.paid`.
    """

    number: dict[int, int]
    free: _Lists
    paid: _Lists


def counted(graph: Graph, sources: Sequence[int], targets: Sequence[int], at_once: int = _AT_ONCE) -> list[list[int]]:
    """Return for each target how many of the sources reach it first with no act, with one, and so on to `COUNTED`."""
    part = _leading_to(graph, targets)
    classes: dict[tuple[_Steps, int], list[int]] = {}
    wanted = set(targets)
    for source in sources:
        if source in part.number:
            number = part.number[source]
            steps = tuple(part.free[number]), tuple(part.paid[number])
            classes.setdefault((steps, number if source in wanted else -1), []).append(number)
    followed = list(classes.values())
    asked = list(dict.fromkeys(part.number[target] for target in targets))
    found = {number: [0] * (COUNTED + 1) for number in asked}
    for first in range(0, len(followed), at_once):
        some = followed[first : first + at_once]
        weights = _weights([len(members) for members in some])
        starts = [(members[0], 1 << place) for place, members in enumerate(some)]
        for acts, fresh in enumerate(waves(part.free, part.paid, starts)):
            for number in asked:
                if number in fresh:
                    found[number][acts] += _weighed(fresh[number], weights)
    return [found[part.number[target]] for target in targets]


def near(graph: Graph, sources: Sequence[int], targets: Sequence[int]) -> list[int]:
    """Return for each target those of the sources that reach it with one act or none; the bit is the place there."""
    free, paid = graph.backwards
    last = _spread([free], targets)
    nodes = _spread([free], (*last, *(before for node in last for before in paid[node])))
    part = _part(graph, nodes, {})
    starts = [(part.number[source], 1 << place) for place, source in enumerate(sources) if source in part.number]
    found = [0] * len(targets)
    for fresh in waves(part.free, part.paid, starts, 1):
        found = [joined(known, fresh.get(part.number[t], 0)) for known, t in zip(found, targets, strict=True)]
    return found


def _leading_to(graph: Graph, targets: Sequence[int]) -> _Part:
    """Return what leads to some nodes; those that lead no further and that the same steps lead to are one."""
    free, paid = graph.backwards
    nodes = _spread([free, paid], targets)
    same: dict[_Steps, int] = {}
    instead: dict[int, int] = {}
    for target in targets:
        if nodes.isdisjoint(graph.free[target]) and nodes.isdisjoint(graph.paid[target]):
            instead[target] = same.setdefault((tuple(free[target]), tuple(paid[target])), target)
    return _part(graph, nodes, instead)


def _part(graph: Graph, nodes: set[int], instead: dict[int, int]) -> _Part:
    kept = sorted(node for node in nodes if instead.get(node, node) == node)
    number = {node: place for place, node in enumerate(kept)}
    number.update({node: number[other] for node, other in instead.items()})

    def cut(following: _Lists) -> _Lists:
        return [sorted({number[target] for target in following[node] if target in number}) for node in kept]

    return _Part(number, cut(graph.free), cut(graph.paid))


def _weights(counts: Sequence[int]) -> list[tuple[int, int]]:
    """Return for each binary digit that a count has the places of the counts that have it."""
    found: dict[int, int] = {}
    for place, count in enumerate(counts):
        for digit in range(count.bit_length()):
            if count >> digit & 1:
                found[digit] = found.get(digit, 0) | 1 << place
    return sorted(found.items())


def _weighed(bits: int, weights: list[tuple[int, int]]) -> int:
    return sum((bits & mask).bit_count() << digit for digit, mask in weights)


def _spread(following: Sequence[_Lists], start: Iterable[int]) -> set[int]:
    waiting = list(start)
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        for targets in following:
            new = [target for target in targets[node] if target not in seen]
            seen.update(new)
            waiting.extend(new)
    return seen
