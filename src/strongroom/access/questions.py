"""The questions that are asked of the graph. Pure: the same graph gives the same answer, in the same order."""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Iterator, Sequence

from strongroom.access import rbac_defaults
from strongroom.access.acts import counted, near
from strongroom.access.closure import Closure, joined
from strongroom.access.graph import Graph
from strongroom.access.rbac_request import AUTHENTICATED, SERVICE_ACCOUNTS, UNAUTHENTICATED
from strongroom.access.routes import MOST, Tree
from strongroom.inventory.rbac import bindings_of
from strongroom.model.access import EVERY_RIGHT, FREE, Node, Power, identity, power
from strongroom.model.access_report import Exposure, Reached, Route
from strongroom.model.secret import SecretRef

_EVERYBODY = tuple(Node("Group", "", name) for name in (UNAUTHENTICATED, AUTHENTICATED, SERVICE_ACCOUNTS))
_OUTSIDE = frozenset({"Power", "Group"})
"""Kinds of nodes that nobody asks for by themselves when he asks what somebody reaches."""

_ADMINS = (power(Power.CLUSTER_ADMIN), power(Power.NAMESPACE_ADMIN))
_ADMIN = frozenset(node.name for node in _ADMINS)

_Counts = dict[str, int]
_Means = dict[str, int]
"""Ways, each with the set of those who come by something by it."""

_LastActs = frozenset[tuple[str, int, int]]
"""Ways, each with the number of the set of those who can come to take it, and of those who can at once; without a way,
the number of a power's node."""


class Exposures:
    """Who reaches each Secret, for all identities and all Secrets at once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.closure = Closure(graph, graph.identities())
        self._kinds = {kind: self._mask(kind) for kind in ("User", "Group", "ServiceAccount", "Node")}
        own = control_plane()
        self._own = sum(1 << index for index, node in enumerate(self.closure.sources) if graph.nodes[node] in own)
        self._everybody = [(graph.number[node], node.name) for node in _EVERYBODY if node in graph.number]
        self._before: dict[int, list[int]] = {}
        for source, target in graph.pairs():
            if graph.nodes[target].kind in ("Secret", "Power"):
                self._before.setdefault(target, []).append(source)
        self._means: dict[int, _Means] = {}
        self._near_means: dict[int, _Means] = {}
        self._at_once: dict[int, int] = {}
        self._counts: dict[tuple[str, int, _LastActs], _Counts] = {}
        self._sets: list[int] = []
        self._number_of: dict[int, int] = {}

    def of(self, secrets: Sequence[int]) -> list[Exposure]:
        """Return the exposures of some Secrets, the most widely reached first."""
        admins = [
            number for number, node in enumerate(self.graph.nodes) if node.kind == "Power" and node.name in _ADMIN
        ]
        sources = self.closure.sources
        within = near(self.graph, sources, admins)
        direct = {self.graph.nodes[number]: who for number, who in zip(admins, within, strict=True)}
        asked = [source for index, source in enumerate(sources) if not self._own >> index & 1]
        rows = zip(secrets, counted(self.graph, asked, secrets), strict=True)
        found = [self._exposure(secret, counts, direct) for secret, counts in rows]
        return sorted(found, key=lambda one: (not one.everyone, -one.identities, -one.users, one.secret))

    def _exposure(self, secret: int, counts: list[int], admins: dict[Node, int]) -> Exposure:
        node, reached = self.graph.nodes[secret], self.closure.reached_by[secret]
        own, bits = reached & self._own, reached & ~self._own
        means = self._told(secret, bits, admins)
        return Exposure(
            secret=SecretRef(node.namespace, node.name),
            users=(bits & self._kinds["User"]).bit_count(),
            groups=(bits & self._kinds["Group"]).bit_count(),
            accounts=(bits & self._kinds["ServiceAccount"]).bit_count(),
            nodes=(bits & self._kinds["Node"]).bit_count(),
            control_plane=own.bit_count(),
            by_steps=_trimmed(counts),
            farther=bits.bit_count() - sum(counts),
            means=tuple(sorted((pair for pair in means.items() if pair[1]), key=lambda pair: (-pair[1], pair[0]))),
            everyone=next((name for number, name in self._everybody if self._has(reached, number)), ""),
        )

    def withheld(self) -> int:
        """Return how many steps with a condition would lead anybody further, the control plane's own left aside."""
        reached, number, own = self.closure.reached_by, self.graph.number, control_plane()
        count = 0
        for step in self.graph.withheld:
            source, target = number.get(step.source), number.get(step.target)
            if source is None:
                count += step.source not in own
            else:
                count += bool(reached[source] & ~self._own & ~(reached[target] if target is not None else 0))
        return count

    def _told(self, secret: int, bits: int, admins: dict[Node, int]) -> _Counts:
        """Return how many come by a Secret by which last act.

        Who holds every right could take every way: of him only that is told. So could who may come to hold it: of him
        what he does at once, and where there is nothing, that.
        """
        space = self.graph.nodes[secret].namespace
        acts = self._last_acts(secret)
        key = space, self._set(bits), acts
        if key not in self._counts:
            told: _Means = {}
            direct = later = 0
            for node in (*_ADMINS, power(Power.NAMESPACE_ADMIN, space)):
                means = self._means_of(self.graph.number[node]) if node in admins else {}
                for way in EVERY_RIGHT & means.keys():
                    who = means[way] & admins[node] & bits
                    told[way] = told.get(way, 0) | who
                    direct |= who
                    later |= means[way] & bits
            later &= ~direct
            for way, who in self._near(acts).items():
                told[way] = told.get(way, 0) | who & later
            if rest := later & ~functools.reduce(operator.or_, told.values(), 0):
                told["every-right"] = told.get("every-right", 0) | rest
            for way, who in self._by(acts).items():
                told[way] = told.get(way, 0) | who & bits & ~direct & ~later
            self._counts[key] = {way: who.bit_count() for way, who in told.items()}
        return self._counts[key]

    def who(self, secret: int) -> list[int]:
        """Return the numbers of the identities that reach a Secret, those of the control plane last."""
        reached = self.closure.reached_by[secret]
        return [*self.closure.members(reached & ~self._own), *self.closure.members(reached & self._own)]

    @functools.cached_property
    def _index(self) -> dict[int, int]:
        return {source: index for index, source in enumerate(self.closure.sources)}

    def _has(self, bits: int, number: int) -> bool:
        return bool(bits >> self._index[number] & 1)

    def _mask(self, kind: str) -> int:
        nodes = self.graph.nodes
        return sum(1 << index for index, node in enumerate(self.closure.sources) if nodes[node].kind == kind)

    def _means_of(self, node: int) -> _Means:
        """Return the last acts by which a power is had, each with the identities that come by it."""
        if node not in self._means:
            self._means[node] = {}  # powers that include each other add nothing
            self._means[node].update(self._by(self._last_acts(node)))
        return self._means[node]

    def _by(self, acts: _LastActs) -> _Means:
        means: _Means = {}
        for way, number, _ in sorted(acts):
            some = {way: self._sets[number]} if way else self._means_of(number)
            for way_of, who in some.items():
                means[way_of] = joined(means.get(way_of, 0), who)
        return means

    def _near(self, acts: _LastActs) -> _Means:
        """Return the acts with those alone who need no other before: by themselves, or as members of a group."""
        means: _Means = {}
        for way, number, at_once in sorted(acts):
            if not way and number not in self._near_means:
                self._near_means[number] = {}
                self._near_means[number].update(self._near(self._last_acts(number)))
            some = {way: self._sets[at_once]} if way else self._near_means[number]
            for way_of, who in some.items():
                means[way_of] = joined(means.get(way_of, 0), who)
        return means

    def _last_acts(self, node: int) -> _LastActs:
        """Return the last acts by which a Secret or power is had: many Secrets of a namespace have the same."""
        found: set[tuple[str, int, int]] = set()
        for source in self._before.get(node, ()):
            for step in self.graph.steps(source, node):
                if step.way not in FREE:
                    found.add((step.way, self._set(self.closure.reached_by[source]), self._set(self._within(source))))
                elif self.graph.nodes[source].kind == "Power":
                    found.add(("", source, 0))
        return frozenset(found)

    def _within(self, node: int) -> int:
        """Return the identities that are somebody without an act: himself, and the members of a group."""
        if node not in self._at_once:
            nodes, before = self.graph.nodes, self.graph.backwards[0]
            seen, waiting = {node}, [node]
            while waiting:
                # Nobody is a power: every machine would walk through those of every namespace.
                fresh = {one for one in before[waiting.pop()] if nodes[one].kind != "Power"} - seen
                seen |= fresh
                waiting.extend(fresh)
            found = bytearray(len(self.closure.sources) // 8 + 1)
            for one in seen & self._index.keys():
                found[self._index[one] >> 3] |= 1 << (self._index[one] & 7)
            self._at_once[node] = int.from_bytes(found, "little")
        return self._at_once[node]

    def _set(self, bits: int) -> int:
        """Return the number of a set of identities: equal sets have one."""
        if bits not in self._number_of:
            self._number_of[bits] = len(self._sets)
            self._sets.append(bits)
        return self._number_of[bits]


@functools.cache
def control_plane() -> frozenset[Node]:
    """Return the identities of the control plane itself: those that every cluster's own bindings speak of.

    Groups, and what they give to everybody, are not among them.
    """
    bindings = bindings_of(rbac_defaults.objects(), ())
    subjects = (identity(subject) for binding in bindings for _, subject in binding.subjects)
    return frozenset(node for node in subjects if node.kind in ("User", "ServiceAccount"))


def reached_by(graph: Graph, source: int) -> list[Reached]:
    """Return what somebody reaches, each by a shortest path: Secrets first, the nearest first."""
    tree = Tree(graph, source)
    found = [
        Reached(graph.nodes[target], acts, tree.route(target))
        for target, (acts, _) in tree.distance.items()
        if target != source and graph.nodes[target].kind not in _OUTSIDE
    ]
    return sorted(found, key=lambda one: (one.node.kind != "Secret", one.steps, one.node))


def reaching(graph: Graph, sources: Iterable[int], target: int) -> Iterator[Reached]:
    """Yield those of some identities that reach something, each by a shortest path."""
    tree = Tree(graph, target, backwards=True)
    for source in sources:
        if source in tree.distance:
            node = graph.nodes[source]
            yield Reached(node, tree.distance[source][0], tree.route(source), node in control_plane())


def withheld_from(graph: Graph, source: int) -> int:
    """Return how many steps with a condition would lead somebody further."""
    reached = {graph.nodes[number] for number in Tree(graph, source).distance}
    return sum(step.source in reached and step.target not in reached for step in graph.withheld)


def paths(graph: Graph, source: int, target: int, most: int = MOST) -> tuple[Route, ...]:
    """Return the shortest paths from one node to another."""
    return tuple(Tree(graph, source).routes(target, most))


def _trimmed(counts: list[int]) -> tuple[int, ...]:
    while counts and not counts[-1]:
        counts = counts[:-1]
    return tuple(counts)
