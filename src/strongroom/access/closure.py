"""Who reaches what, for all identities at once.

Every identity is one bit of an integer, and a set of identities one integer: joining two sets of ten thousand is one
operation over 1,250 bytes. What reaches each other (a cycle) is joined first, so that one pass over the rest in
topological order is enough: time is linear in the number of steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence

from strongroom.access.graph import Graph

COUNTED = 8
"""Up to so many acts are told apart; what takes more is told as more."""


class Closure:
    """The identities that reach each node; or, backwards, what of some nodes each node reaches.

    Args:
        graph: where.
        sources: as below.
        backwards: follow steps against their direction.
        bits: the bit of each source, where several share one; by default its place in ``sources``.

    Attributes:
        sources: the numbers of the identities, -1 for one that the graph does not know; the place in it is the bit.
        reached_by: for each node, the identities that reach it; an identity reaches itself.
    """

    def __init__(
        self, graph: Graph, sources: Sequence[int], *, backwards: bool = False, bits: Sequence[int] | None = None
    ) -> None:
        self.graph = graph
        self.sources = tuple(sources)
        places = range(len(self.sources)) if bits is None else bits
        self._starts = [(node, 1 << place) for node, place in zip(self.sources, places, strict=True) if node >= 0]
        self._free, self._paid = graph.backwards if backwards else (graph.free, graph.paid)
        self.reached_by = _spread(self._free, self._paid, self._starts)

    def members(self, bits: int) -> list[int]:
        """Return the numbers of the identities of a set."""
        return [self.sources[index] for index in places(bits)]

    def levels(self, targets: Sequence[int]) -> list[list[int]]:
        """Return for each target the identities that reach it first with no act, with one, and so on.

        The last of the `COUNTED` + 2 sets is of those that need more acts than are told apart.
        """
        found: list[list[int]] = [[] for _ in targets]
        known = [0] * len(targets)
        for fresh in waves(self._free, self._paid, self._starts):
            for place, target in enumerate(targets):
                found[place].append(fresh.get(target, 0))
                known[place] = joined(known[place], found[place][-1])
        for place, target in enumerate(targets):
            found[place].append(self.reached_by[target] & ~known[place])
        return found


def waves(
    free: Sequence[list[int]], paid: Sequence[list[int]], starts: Iterable[tuple[int, int]], most: int = COUNTED
) -> Iterator[dict[int, int]]:
    """Yield what first comes to each node with no act, with one, and so on.

    Args:
        free: for each node what is reached from it without an act.
        paid: likewise, by one act.
        starts: nodes, each with the set that begins there.
        most: so many acts are followed.
    """
    component = components(free)
    order = sorted(range(len(component)), key=lambda node: -component[node])
    place = [0] * len(order)
    for index, node in enumerate(order):
        place[node] = index
    known = [0] * len(free)
    arriving: dict[int, int] = {}
    for source, bit in starts:
        arriving[source] = arriving.get(source, 0) | bit
    for acts in range(most + 1):
        fresh = _settled(free, order, place, arriving, known)
        yield fresh
        if acts == most:
            return
        arriving = {}
        for node, bits in fresh.items():
            for target in paid[node]:
                more = bits & ~known[target] if known[target] else bits
                if more:
                    arriving[target] = joined(arriving.get(target, 0), more)


def _settled(
    free: Sequence[list[int]], order: list[int], place: list[int], arriving: dict[int, int], known: list[int]
) -> dict[int, int]:
    """Take in what arrives, follow what needs no act, and return what is new at each node.

    Nodes are taken in topological order (``order``; ``place`` is where each stands in it), so that each is taken once;
    only groups that are in each other are taken again.
    """
    fresh: dict[int, int] = {}
    pending = {place[node]: bits for node, bits in arriving.items()}
    waiting = list(pending)
    heapq.heapify(waiting)
    while waiting:
        first = heapq.heappop(waiting)
        node = order[first]
        arrived = pending.pop(first)
        bits = arrived & ~known[node] if known[node] else arrived
        if not bits:
            continue
        known[node] = joined(known[node], bits)
        fresh[node] = joined(fresh.get(node, 0), bits)
        for target in free[node]:
            there = place[target]
            if there not in pending:
                pending[there] = 0
                heapq.heappush(waiting, there)
            pending[there] = joined(pending[there], bits)
    return fresh


def joined(one: int, other: int) -> int:
    """Return the union of two sets; one of them itself where it holds the other, so that equal sets are kept once."""
    if not one or one is other:
        return other
    both = one | other
    if both == one:
        return one
    return other if both == other else both


def places(bits: int) -> Iterator[int]:
    """Yield the places of the bits that are set, lowest first."""
    for index, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        while byte:
            lowest = byte & -byte
            yield index * 8 + lowest.bit_length() - 1
            byte ^= lowest


def _spread(free: list[list[int]], paid: list[list[int]], starts: Iterable[tuple[int, int]]) -> list[int]:
    following = [[*without, *by] for without, by in zip(free, paid, strict=True)]
    count = len(following)
    component = components(following)
    sets = [0] * (max(component, default=-1) + 1)
    for source, bit in starts:
        sets[component[source]] |= bit
    # Components are numbered in reverse topological order: the highest is reached by no other.
    for node in sorted(range(count), key=lambda node: -component[node]):
        bits = sets[component[node]]
        if bits:
            for target in following[node]:
                sets[component[target]] = joined(sets[component[target]], bits)
    return [sets[place] for place in component]


def components(following: Sequence[Sequence[int]]) -> list[int]:
    """Return the strongly connected component of each node, numbered in reverse topological order.

    Tarjan's algorithm (SIAM Journal on Computing 1, 1972, pages 146 to 160), without recursion.
    """
    unseen = -1
    order = [unseen] * len(following)
    low = [0] * len(following)
    component = [unseen] * len(following)
    stack: list[int] = []
    count = seen = 0
    for root in range(len(following)):
        if order[root] != unseen:
            continue
        path = [(root, iter(following[root]))]
        order[root] = low[root] = seen
        seen += 1
        stack.append(root)
        while path:
            node, rest = path[-1]
            for target in rest:
                if order[target] == unseen:
                    order[target] = low[target] = seen
                    seen += 1
                    stack.append(target)
                    path.append((target, iter(following[target])))
                    break
                if component[target] == unseen:
                    low[node] = min(low[node], order[target])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == order[node]:
                    while component[node] == unseen:
                        component[stack.pop()] = count
                    count += 1
    return component
