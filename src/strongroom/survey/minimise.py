"""The wiring of ``strongroom access minimise``: smaller roles, what they would change, and the plan that makes them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import strongroom
from strongroom.access.graph import Graph
from strongroom.access.minimise import minimise
from strongroom.access.minimise_edits import edits
from strongroom.access.routes import Tree
from strongroom.documents.edits import applied
from strongroom.documents.wanted import Unfit
from strongroom.model.access import FREE, Node
from strongroom.model.minimise import MinimiseReport, Proposal, Reach, Smaller, smaller_resource
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import Plan, PlanStep, Splice, WriteFile
from strongroom.model.resource import Resource
from strongroom.plans.preview import preview
from strongroom.plans.saved import key_id
from strongroom.survey.access import Known, supposed
from strongroom.survey.frames import context
from strongroom.survey.run import coverage

_CONTEXT_LINES = 3
_UNSAFE = "a program that reads Secrets through the API without being told their names would be refused"


def smaller_roles(known: Known, root: Path) -> MinimiseReport:
    """Say which roles could be smaller, and plan it.

    Args:
        known: what the sources say.
        root: the folder that the plan is for.
    """
    found = minimise(known.world)
    reach = _reaches(known, found.smaller)
    made = _Steps(known, root)
    proposals = []
    for smaller in found.smaller:
        step, by_hand = made.add(smaller)
        proposals.append(Proposal(smaller, tuple(reach[who] for who in smaller.holders), step, by_hand))
    plan = _plan(known, made.steps, proposals)
    return MinimiseReport(
        tool=plan.tool,
        sources=known.request.sources,
        created=plan.created,
        proposals=tuple(proposals),
        left=found.left,
        plan=plan,
        views=tuple(preview(plan, root, context)),
        patch="".join(made.patches()),
        objects=tuple(body for one in proposals if one.by_hand for body in _objects(one.smaller)),
        skipped=tuple(sorted(known.reading.skipped)),
        coverage=coverage(known.reading),
    )


def _plan(known: Known, steps: Sequence[PlanStep], proposals: Sequence[Proposal]) -> Plan:
    by_hand = [
        f"apply {one.smaller.role.resource.id.show()} by hand: {one.by_hand}" for one in proposals if one.by_hand
    ]
    roles = f"{len(steps)} role{'' if len(steps) == 1 else 's'}"
    return Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=known.facts.now.isoformat(timespec="seconds"),
        key_id=key_id(known.request.key),
        summary=f"limit {roles} to the Secrets that their holders are known to need",
        steps=tuple(steps),
        notes=(*by_hand, *dict.fromkeys(text for one in proposals for text in one.smaller.open)),
    )


def _reaches(known: Known, found: Sequence[Smaller]) -> dict[Node, Reach]:
    """Return what every holder reaches, now and if all the roles were smaller."""
    who = list(dict.fromkeys(node for smaller in found for node in smaller.holders))
    if not who:
        return {}
    new = {id(smaller.role.resource): smaller_resource(smaller) for smaller in found}
    resources = [new.get(id(resource), resource) for resource in known.reading.resources]
    resources += [_made(body) for smaller in found for one in smaller.beside for body in one.bodies()]
    then = supposed(known, resources).graph
    return {node: _reach(node, known.graph, then) for node in who}


def _reach(node: Node, now: Graph, then: Graph) -> Reach:
    before, _ = _reached(node, now)
    after, ways = _reached(node, then)
    return Reach(node, before, after, ways)


def _reached(node: Node, graph: Graph) -> tuple[int, tuple[str, ...]]:
    """Return how many Secrets somebody reaches, and by which acts the shortest paths to them begin."""
    if node not in graph.number:
        return 0, ()
    tree = Tree(graph, graph.number[node])
    found = [number for number in tree.distance if graph.nodes[number].kind == "Secret"]
    ways: dict[str, None] = {}
    for number in found:
        route = tree.route(number)
        if route is not None:
            ways.update(dict.fromkeys([step.way for step in route.steps if step.way not in FREE][:1]))
    return len(found), tuple(sorted(ways))


def _made(body: dict[str, Any]) -> Resource:
    metadata = body["metadata"]
    origin = Origin("smaller roles", "", object=f"{body['kind']} {metadata['namespace']}/{metadata['name']}")
    space, name = metadata["namespace"], metadata["name"]
    return Resource(body["apiVersion"], body["kind"], space, name, {}, {}, body, origin)


def _objects(smaller: Smaller) -> Iterable[dict[str, Any]]:
    """Yield what has to be applied for a smaller role; annotations stay out: they may hold anything."""
    resource = smaller.role.resource
    metadata: dict[str, Any] = {"name": resource.name}
    if resource.namespace:
        metadata["namespace"] = resource.namespace
    if resource.labels:
        metadata["labels"] = dict(resource.labels)
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
    yield {**head, "rules": smaller.all_rules}
    for one in smaller.beside:
        yield from one.bodies()


class _Steps:
    """Makes the steps of a plan, one for each role; several may edit the same file."""

    def __init__(self, known: Known, root: Path) -> None:
        self._known = known
        self._root = root.resolve()
        self._before: dict[str, bytes] = {}
        self._now: dict[str, bytes] = {}
        self._done: dict[tuple[str, int, tuple[str | int, ...]], int] = {}
        self.steps: list[PlanStep] = []

    def add(self, smaller: Smaller) -> tuple[int | None, str]:
        """Add the step of a role; return its number, or None and why there is none."""
        origin = smaller.role.resource.origin
        if origin.object:
            return None, "it was read from a running cluster"
        if origin.rendered_by or origin.document < 0:
            return None, f"{origin.rendered_by or 'its source'} makes it of other files"
        place = (origin.path, origin.document, origin.field)
        if place in self._done:
            return self._done[place], ""
        path = self._inside(origin.path)
        data = self._read(origin.path)
        if not path or data is None:
            return None, f"{origin.path or 'standard input'} is no file of the folder that plans are for (--root)"
        more = [body for one in smaller.beside for body in one.bodies()]
        try:
            found = edits(data, origin.document, origin.field, smaller.rules, more, self._known.request.limits)
        except Unfit as unfit:
            return None, str(unfit)
        self._done[place] = len(self.steps)
        self.steps.append(self._step(smaller, path, data, found))
        self._now[path] = applied(data, found)
        return self._done[place], ""

    def patches(self) -> Iterable[str]:
        """Yield the unified diff of each file; where a line around a change may not be shown, without any around."""
        for path, before in self._before.items():
            if self._now[path] != before:
                old, new = _lines(before), _lines(self._now[path])
                for count in (_CONTEXT_LINES, 0):
                    lines = [*difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", n=count)]
                    if all(_shown(line) for line in lines if line.startswith(" ")):
                        break
                yield "".join(
                    line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
                )

    def _step(self, smaller: Smaller, path: str, data: bytes, found: tuple[Splice, ...]) -> PlanStep:
        after = applied(data, found)
        key = self._known.request.key
        change = WriteFile(path, Plaintext(data).fingerprint(key), Plaintext(after).fingerprint(key), found)
        title = f"limit {smaller.role.resource.id.show()}: {'; '.join(smaller.does)}"
        return PlanStep(title, change, unsafe=_UNSAFE)

    def _inside(self, path: str) -> str:
        """Return a path relative to the folder of the plan; empty where it leads out of it."""
        if not path:
            return ""
        inside = PurePosixPath(os.path.relpath(Path(path).absolute(), self._root))
        return "" if ".." in inside.parts else inside.as_posix()

    def _read(self, path: str) -> bytes | None:
        inside = self._inside(path)
        if inside not in self._now:
            data = self._known.reading.texts.read(path, self._known.request.limits.max_bytes)
            if data is None or not inside or not (self._root / inside).is_file():
                return None
            self._before[inside] = self._now[inside] = data
        return self._now[inside]


def _lines(data: bytes) -> list[str]:
    return data.decode(errors="replace").splitlines(keepends=True)


def _shown(line: str) -> bool:
    text = line[1:].rstrip("\r\n")
    return context(text) == text
