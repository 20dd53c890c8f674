"""The steps of an answer about access as a graph: what every format that draws it, or hands it on, begins with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from strongroom.model.access import Node, Step
from strongroom.model.access_report import AccessReport, Reached, Route

PLAIN = ("User", "Group", "ServiceAccount", "Node", "Secret", "ConfigMap", "Power", "External")
CODE = "Code"


class Look(NamedTuple):
    """How a family of nodes is drawn: its word in a legend, its shape for Graphviz, its fill and its line."""

    word: str
    shape: str
    fill: str
    edge: str


LOOKS = {
    "User": Look("user", "ellipse", "#dcebf7", "#2b618c"),
    "Group": Look("group", "doubleoctagon", "#dcebf7", "#2b618c"),
    "ServiceAccount": Look("service account", "box", "#d9eeee", "#115e63"),
    "Node": Look("node", "box3d", "#e6e2f3", "#5b4a94"),
    "Secret": Look("Secret", "cylinder", "#fadfe8", "#9d174d"),
    "ConfigMap": Look("ConfigMap", "note", "#f1eee6", "#6b6455"),
    "Power": Look("power", "hexagon", "#fbe9bd", "#855c00"),
    "External": Look("outside the cluster", "folder", "#eceff1", "#58636e"),
    CODE: Look("program that runs", "component", "#dff0e3", "#1d6b45"),
}
"""The family of a node (`family`) to its look; every fill has black text on it at 12:1 or more."""


class Picture(NamedTuple):
    """A graph without duplicates; steps keep the order of the answer.

    Attributes:
        nodes: sorted.
        steps: between nodes of ``nodes``.
        start: what was asked about, where it is one of the nodes; otherwise the Secret that most identities reach.
        left_out: how many steps were left out, because there were more than a picture can hold.
    """

    nodes: tuple[Node, ...]
    steps: tuple[Step, ...]
    start: Node | None = None
    left_out: int = 0


def picture(report: AccessReport) -> Picture:
    """Return the graph of an answer; without one of its own, that of the paths that it shows."""
    steps = tuple(dict.fromkeys(report.graph or _of_routes(report)))
    named = {node for step in steps for node in (step.source, step.target)}
    return Picture(tuple(sorted(named)), steps, _start(report, named))


def family(node: Node) -> str:
    """Return the key of a node's look: its kind, or one for all code that runs."""
    return node.kind if node.kind in PLAIN else CODE


def nearest(whole: Picture, most: int) -> Picture:
    """Return the part of a graph that is nearest to where it starts, then to its Secrets: at most so many steps."""
    if len(whole.steps) <= most:
        return whole
    first = [whole.start] if whole.start is not None else []
    secrets = [node for node in whole.nodes if node.kind == "Secret" and node != whole.start]
    kept = list(_around(whole.steps, [*first, *secrets], most))
    nodes = {node for step in kept for node in (step.source, step.target)}
    return Picture(tuple(sorted(nodes)), tuple(kept), whole.start, len(whole.steps) - len(kept))


def joined(steps: Iterable[Step]) -> dict[tuple[Node, Node], list[Step]]:
    """Return steps by the two nodes that they lead from and to: a picture draws them as one line."""
    found: dict[tuple[Node, Node], list[Step]] = {}
    for step in steps:
        found.setdefault((step.source, step.target), []).append(step)
    return found


def _of_routes(report: AccessReport) -> Iterator[Step]:
    routes: list[Route | None] = list(report.routes)
    lists: list[tuple[Reached, ...]] = [report.reached]
    lists += [one.reached_by for one in report.exposures]
    lists += [one.gained for one in report.changes]
    routes += [one.route for listed in lists for one in listed]
    for route in routes:
        yield from route.steps if route is not None else ()


def _start(report: AccessReport, nodes: set[Node]) -> Node | None:
    asked = next((node for node in sorted(nodes) if node.show() == report.about), None)
    if asked is not None:
        return asked
    if report.routes:
        return report.routes[0].steps[0].source if report.routes[0].steps else None
    exposed = (Node("Secret", one.secret.namespace, one.secret.name) for one in report.exposures if one.identities)
    found = next((node for node in exposed if node in nodes), None)
    return found or next((node for node in sorted(nodes) if node.kind == "Secret"), min(nodes, default=None))


def _around(steps: Iterable[Step], starts: list[Node], most: int) -> Iterator[Step]:
    touching: dict[Node, list[Step]] = {}
    for step in steps:
        touching.setdefault(step.source, []).append(step)
        touching.setdefault(step.target, []).append(step)
    given: set[int] = set()
    seen: set[Node] = set()
    for start in starts:
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node in seen:
                continue
            seen.add(node)
            for step in touching.get(node, ()):
                if id(step) in given:
                    continue
                if len(given) == most:
                    return
                given.add(id(step))
                yield step
                waiting.append(step.target if step.source == node else step.source)
