"""The periodic access review: who reaches which Secrets, one line for each identity and namespace."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from strongroom.access.closure import COUNTED, Closure, places
from strongroom.access.graph import Graph
from strongroom.access.membership import Members
from strongroom.access.questions import control_plane
from strongroom.access.routes import Tree
from strongroom.model.access import FREE, Node
from strongroom.model.access_report import ReviewRow, Route
from strongroom.model.secret import SecretRecord


class Custody(NamedTuple):
    """What is known of a Secret beside who reaches it: when it last changed, and who owns it."""

    changed: str = ""
    owner: str = ""


def custody_of(record: SecretRecord, owner_labels: tuple[str, ...]) -> Custody:
    """Return when a Secret last changed, or was made where that is all that is known, and its owner by its labels."""
    times = [one.changed or one.created for one in record.definitions]
    owners = (one.labels.get(label, "") for label in owner_labels for one in record.definitions)
    return Custody(max(times, default=""), next((owner for owner in owners if owner), ""))


class Review:
    """The lines of a review, from the graph."""

    def __init__(self, graph: Graph, custody: Mapping[Node, Custody], members: Members) -> None:
        self._graph = graph
        self._secrets = graph.secrets()
        self._nodes = [graph.nodes[number] for number in self._secrets]
        self._custody = custody
        self._members = members
        self._spaces: dict[str, int] = {}
        for index, node in enumerate(self._nodes):
            self._spaces[node.namespace] = self._spaces.get(node.namespace, 0) | 1 << index
        self._custodies: dict[int, tuple[str, tuple[str, ...]]] = {}
        self._nearest = Nearest(graph, self._secrets, list(self._spaces))

    def rows(self) -> list[ReviewRow]:
        """Return the lines: by identity, the widest reach first. The control plane's own identities are left out."""
        graph, own = self._graph, control_plane()
        reached = Closure(graph, self._secrets, backwards=True).reached_by
        asked = [number for number in graph.identities() if graph.nodes[number] not in own and reached[number]]
        found = [row for number in asked for row in self._of(number, reached[number])]
        return sorted(found, key=lambda row: (row.identity.kind, -row.count, row.identity, row.namespace))

    def _of(self, number: int, reached: int) -> Iterator[ReviewRow]:
        if reached == (1 << len(self._secrets)) - 1 and len(self._spaces) > 1:
            yield self._row(number, "", reached, whole=True)
            return
        for namespace, mask in self._spaces.items():
            if reached & mask:
                yield self._row(number, namespace, reached & mask, whole=reached & mask == mask)

    def _row(self, number: int, namespace: str, reached: int, *, whole: bool) -> ReviewRow:
        identity = self._graph.nodes[number]
        route = self._nearest.route(number, namespace)
        changed, owners = self._kept(reached)
        return ReviewRow(
            identity=identity,
            namespace=namespace,
            secrets=() if whole else tuple(self._nodes[index].name for index in places(reached)),
            count=reached.bit_count(),
            steps=route.length,
            means=tuple(dict.fromkeys(step.way for step in route.steps if step.way not in FREE)),
            granted_by=_granted_by(route),
            changed=changed,
            owners=owners,
            members=len(self._members.get(identity.name, ())) if identity.kind == "Group" else 0,
        )

    def _kept(self, secrets: int) -> tuple[str, tuple[str, ...]]:
        """Return when the last of some Secrets changed, and their owners; many lines ask about the same ones."""
        if secrets not in self._custodies:
            listed = (self._nodes[index] for index in places(secrets))
            known = [self._custody[secret] for secret in listed if secret in self._custody]
            owners = tuple(sorted({one.owner for one in known if one.owner}))
            self._custodies[secrets] = max((one.changed for one in known), default=""), owners
        return self._custodies[secrets]


class Nearest:
    """Finds a path to the nearest Secret of a namespace, for all identities with one search backwards."""

    def __init__(self, graph: Graph, secrets: Sequence[int], namespaces: Sequence[str]) -> None:
        self._graph = graph
        self._bit = {namespace: place for place, namespace in enumerate(namespaces)}
        bits = [self._bit[graph.nodes[number].namespace] for number in secrets]
        closure = Closure(graph, secrets, backwards=True, bits=bits)
        self._levels = closure.levels(range(len(graph.nodes)))

    def route(self, number: int, namespace: str) -> Route:
        """Return a path to the nearest Secret of a namespace, of any for an empty one; it is reached."""
        acts, bits = self._first(number, 1 << self._bit[namespace] if namespace else -1)
        if acts > COUNTED:  # so far away that distances are not told apart
            tree = Tree(self._graph, number)
            ends = (n for n in self._graph.secrets() if namespace in ("", self._graph.nodes[n].namespace))
            return min((route for end in ends if (route := tree.route(end))), key=lambda route: route.length)
        bit = bits & -bits
        line = [number]
        for left in range(acts, -1, -1):
            line += self._to_next_act(line[-1], bit, left)
        return Route(tuple(self._graph.steps(*pair)[0] for pair in pairwise(line)))

    def _first(self, number: int, mask: int) -> tuple[int, int]:
        return next((acts, level & mask) for acts, level in enumerate(self._levels[number]) if level & mask)

    def _to_next_act(self, number: int, bit: int, acts: int) -> list[int]:
        """Return the nodes on to where one act less is left, or to the Secret where none is."""
        graph, levels = self._graph, self._levels
        before: dict[int, int] = {number: -1}
        waiting = deque([number])
        while waiting:
            node = waiting.popleft()
            if not acts and graph.nodes[node].kind == "Secret":
                return _back(before, node)
            for target in graph.paid[node] if acts else ():
                if levels[target][acts - 1] & bit:
                    return [*_back(before, node), target]
            for target in graph.free[node]:
                if target not in before and levels[target][acts] & bit:
                    before[target] = node
                    waiting.append(target)
        raise LookupError  # a level says that there is one


def _back(before: dict[int, int], node: int) -> list[int]:
    """Return the nodes behind the first one, up to a node."""
    line = []
    while before[node] >= 0:
        line.append(node)
        node = before[node]
    return line[::-1]


def _granted_by(route: Route) -> str:
    """Return what the first act of a path rests on."""
    for step in route.steps:
        if step.way not in FREE:
            return next((one.resource.show() for one in step.evidence if one.resource is not None), "")
    return ""
