"""Shortest paths, found when they are asked for: an act counts one, the rest nothing, and fewer steps win a draw."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise

from strongroom.access.graph import Graph
from strongroom.model.access_report import Route

MOST = 10
"""So many shortest paths are told; there may be more."""

_Length = tuple[int, int]
_FAR: _Length = (1 << 60, 0)


class Tree:
    """Every shortest path from one node, or to it (Dijkstra's algorithm).

    Args:
        graph: where.
        root: the node.
        backwards: look for paths to it.

    Attributes:
        distance: for each node that is reached, how many acts it takes, and how many steps in all.
    """

    def __init__(self, graph: Graph, root: int, *, backwards: bool = False) -> None:
        self._graph = graph
        self._root = root
        self._backwards = backwards
        self._before: dict[int, list[int]] = {root: []}
        self.distance: dict[int, _Length] = {root: (0, 0)}
        self._search()

    def _search(self) -> None:
        free, paid = self._graph.backwards if self._backwards else (self._graph.free, self._graph.paid)
        settled: set[int] = set()
        waiting = [((0, 0), self._root)]
        while waiting:
            (acts, steps), node = heapq.heappop(waiting)
            if node in settled:
                continue
            settled.add(node)
            for cost, targets in ((0, free[node]), (1, paid[node])):
                length = acts + cost, steps + 1
                for target in targets:
                    if self._meet(node, target, length):
                        heapq.heappush(waiting, (length, target))

    def _meet(self, node: int, target: int, length: _Length) -> bool:
        """Note a way to a node; tell whether it is shorter than those before."""
        known = self.distance.get(target, _FAR)
        if length < known:
            self.distance[target] = length
            self._before[target] = [node]
        elif length == known:
            self._before[target].append(node)
        return length < known

    def route(self, end: int) -> Route | None:
        """Return one of the shortest paths that end, or begin, at a node, always the same; None without any."""
        return next(self.routes(end), None)

    def routes(self, end: int, most: int = MOST) -> Iterator[Route]:
        """Yield the shortest paths that end, or begin, at a node, in an order that is always the same."""
        for told, nodes in enumerate(self._lines(end)):
            if told == most:
                return
            yield Route(tuple(self._graph.steps(*pair)[0] for pair in pairwise(nodes)))

    def _lines(self, end: int) -> Iterator[list[int]]:
        """Yield the nodes of each shortest path, without recursion: paths may be long."""
        if end not in self.distance:
            return
        stack: list[_Link] = [(end, None)]
        while stack:
            link = stack.pop()
            if link[0] == self._root:
                nodes = list(_unrolled(link))
                yield nodes[::-1] if self._backwards else nodes
            stack.extend((before, link) for before in sorted(self._before[link[0]], reverse=True))


_Link = tuple[int, "_Link | None"]
"""A node, and the rest of the path behind it."""


def _unrolled(link: _Link | None) -> Iterator[int]:
    while link is not None:
        yield link[0]
        link = link[1]
