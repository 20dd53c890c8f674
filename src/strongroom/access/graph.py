"""The graph of access: every step of every way, with what powers include and who is in which group.

Nodes are numbers; steps between the same two nodes are kept together, in the order in which ways list them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence

from strongroom.access.edges import WAYS
from strongroom.access.membership import Members, memberships
from strongroom.access.powers import included
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import EVERY_RIGHT, FREE, Node, Step

_Pair = tuple[int, int]


class Graph:
    """Nodes and steps, read-only.

    Attributes:
        nodes: sorted, so that the same facts give the same numbers.
        number: node to its place in ``nodes``.
        free: for each node, sorted, what is reached from it without an act (`model.access.FREE`).
        paid: likewise, what is reached by one act.
        withheld: the steps that were left out because they work only under a condition.
    """

    def __init__(self, steps: Iterable[Step], others: Iterable[Node] = (), *, conditional: bool = False) -> None:
        """Index steps.

        Args:
            steps: all of them; those between two nodes in the order in which they should be told.
            others: nodes that no step may have.
            conditional: take steps with a condition for steps.
        """
        listed = list(steps)
        taken = [step for step in listed if conditional or not step.condition]
        self.withheld = tuple(step for step in listed if step.condition and not conditional)
        self.nodes = sorted({node for step in taken for node in (step.source, step.target)}.union(others))
        self.number = {node: index for index, node in enumerate(self.nodes)}
        self._steps: dict[_Pair, list[Step]] = {}
        for step in taken:
            pair = self.number[step.source], self.number[step.target]
            if pair[0] != pair[1]:
                self._steps.setdefault(pair, []).append(step)
        self.free = self._targets(free=True)
        self.paid = self._targets(free=False)

    def steps(self, source: int, target: int) -> Sequence[Step]:
        """Return the steps from a node to another; those that are no act first, those with a condition last."""
        found = self._steps.get((source, target), [])
        return sorted(found, key=_telling) if len(found) > 1 else found

    def pairs(self) -> Iterator[_Pair]:
        """Yield each two nodes that a step leads from and to."""
        return iter(self._steps)

    @functools.cached_property
    def backwards(self) -> tuple[list[list[int]], list[list[int]]]:
        """``free`` and ``paid`` the other way round: from where a node is reached."""
        return _turned(self.free), _turned(self.paid)

    def between(self, sources: Iterable[int], targets: Iterable[int]) -> list[Step]:
        """Return the steps of every path from any of some nodes to any of others."""
        after = _spread([self.free, self.paid], sources)
        within = after & _spread(self.backwards, targets)
        return [step for pair in sorted(self._steps) if within.issuperset(pair) for step in self.steps(*pair)]

    def identities(self) -> list[int]:
        """Return the numbers of what authenticates to the API server."""
        return [index for index, node in enumerate(self.nodes) if node.is_identity]

    def secrets(self) -> list[int]:
        """Return the numbers of the Secrets."""
        return [index for index, node in enumerate(self.nodes) if node.kind == "Secret"]

    def _targets(self, *, free: bool) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in self.nodes]
        for (source, target), steps in self._steps.items():
            if any(step.way in FREE for step in steps) == free:
                found[source].append(target)
        for targets in found:
            targets.sort()
        return found

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes)"


def _telling(step: Step) -> tuple[bool, bool, bool]:
    return step.way not in FREE, bool(step.condition), step.way not in EVERY_RIGHT


def _turned(targets: list[list[int]]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in targets]
    for source, listed in enumerate(targets):
        for target in listed:
            found[target].append(source)
    return found


def _spread(following: Sequence[list[list[int]]], start: Iterable[int]) -> set[int]:
    waiting = list(start)
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        for targets in following:
            for target in targets[node]:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
    return seen


def steps_of(world: World, members: Members, ways: Sequence[Way] = WAYS) -> list[Step]:
    """Return every step that the sources show: of ways, of powers, of groups."""
    steps = [step for way in ways for step in way.steps(world)]
    steps += world.holding
    steps += _of_powers(steps, world)
    holding = frozenset(step.source for step in steps)
    known = {node for step in steps for node in (step.source, step.target) if node.is_identity}
    known.update(node for listed in members.values() for node, _ in listed)
    known.update(world.service_accounts_in(""))
    steps += memberships(sorted(known), holding, members)
    return steps


def build(world: World, members: Members | None = None, *, conditional: bool = False) -> Graph:
    """Make the graph of what the sources hold."""
    secrets = (Node("Secret", ref.namespace, ref.name) for ref in world.secrets_in(""))
    people = (node for listed in (members or {}).values() for node, _ in listed)
    others = (*secrets, *people, *world.service_accounts_in(""), *(code.node for code in world.code))
    return Graph(steps_of(world, members or {}), others, conditional=conditional)


def _of_powers(steps: Iterable[Step], world: World) -> list[Step]:
    """Return what the powers include that anybody comes to hold."""
    waiting = list(dict.fromkeys(step.target for step in steps if step.target.kind == "Power"))
    seen = set(waiting)
    found: list[Step] = []
    for holder in waiting:  # grows while it is gone through
        for step in included(holder, world):
            found.append(step)
            if step.target.kind == "Power" and step.target not in seen:
                seen.add(step.target)
                waiting.append(step.target)
    return found
