"""The wiring of ``strongroom access``: from sources to the graph, and from an answer to its report."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

import strongroom
from strongroom.access.edges import WAYS
from strongroom.access.graph import Graph, build
from strongroom.access.groups import members_of
from strongroom.access.membership import Members
from strongroom.access.other_authorizers import other_authorizers
from strongroom.access.questions import control_plane
from strongroom.access.rbac_request import AUTHENTICATED
from strongroom.access.world import World
from strongroom.documents.bounded import read_file
from strongroom.documents.collector import paused
from strongroom.inventory.join import build as join
from strongroom.leaks.recognise import started
from strongroom.model.access import INCLUDES, MEMBER, Evidence, Step
from strongroom.model.access_report import AccessReport, Reached, Route, WayPage
from strongroom.model.facts import Facts
from strongroom.model.origin import Origin
from strongroom.model.place import Sighting
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource, as_dict
from strongroom.sources.reading import Reading
from strongroom.survey.credential import bearer_of
from strongroom.survey.locate import Locator
from strongroom.survey.objects import read_objects
from strongroom.survey.run import Request, candidates, coverage

_LARGEST_PLACED = 8 << 20
"""Bytes of a file in which the exact lines of evidence are looked up; what is larger is a dump."""

_LARGEST_GROUPS = 64 << 20

_MOST_SEARCHED = 5_000
"""Objects that are searched for copies of the values of Secrets without being asked to: more take long."""


_NOT_SEARCHED = (
    f"copies of values in ConfigMaps, variables and other objects were not looked for among more than"
    f" {_MOST_SEARCHED:,} objects: --copies does"
)


@dataclass(frozen=True)
class Known:
    """What the sources say of access.

    Attributes:
        members: who is in which group, as ``--groups`` says.
    """

    request: Request
    reading: Reading
    facts: Facts
    world: World
    graph: Graph
    members: Members
    conditional: bool
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Known({self.graph!r})"


def know(
    request: Request,
    members: Members | None = None,
    *,
    conditional: bool = False,
    copies: bool | None = None,
    stdin: BinaryIO | None = None,
) -> Known:
    """Read the sources and build the graph.

    Args:
        request: what is read, and how.
        members: who is in which group.
        conditional: take steps that work only under a condition for steps.
        copies: search ConfigMaps, variables and the like for values of Secrets; None where that does not take long.
        stdin: what the source ``-`` means; the process's standard input by default.

    Raises:
        StrongroomError: a source cannot be read at all.
        SourceError: there is no Kubernetes object in them.
    """
    with paused():
        reading = read_objects(request, stdin)
        searched = copies if copies is not None else len(reading.resources) <= _MOST_SEARCHED
        sightings = _sightings(reading, request) if searched else []
        request.progress("joining")
        known = _graphed(request, reading, _facts(reading, request, sightings), members or {}, conditional=conditional)
        notes = () if searched or copies is False else (_NOT_SEARCHED,)
        return dataclasses.replace(known, notes=(*other_authorizers(known.facts), *notes))


def groups_in(path: str | None) -> Members:
    """Read the file of ``--groups``.

    Raises:
        SourceError: it cannot be read.
        DocumentError: it is of another form than its suffix says.
    """
    if path is None:
        return {}
    too_large = f"are larger than {_LARGEST_GROUPS >> 20} MiB"
    return members_of(path, read_file(Path(path), _LARGEST_GROUPS, name=f"groups {path}", too_large=too_large))


def identity_in(text: str) -> tuple[str, str | None]:
    """Return the name of an identity and None; for a file that leaked, whose credential it is, and the file.

    Raises:
        SourceError: the file says of nobody that it is his.
    """
    path = Path(text)
    if not path.is_file():
        return text, None
    return bearer_of(path).node.show(), text


def with_bearer(members: Members, file: str | None) -> Members:
    """Return who is in which group, with the groups that a credential names."""
    if file is None:
        return members
    bearer = bearer_of(Path(file))
    place = Origin(file, file)
    groups = dict.fromkeys((*bearer.groups, AUTHENTICATED))
    return {**members} | {group: (*members.get(group, ()), (bearer.node, place)) for group in groups}


def _sightings(reading: Reading, request: Request) -> list[Sighting]:
    """Recognise the values of the sources, where there are Secrets with values that others might be copies of."""
    if not any(r.kind == "Secret" and _holds_values(r) for r in reading.resources):
        return []
    request.progress("looking for copies of values")
    return [*started().recognise(candidates(reading), request.key)]


def _holds_values(secret: Resource) -> bool:
    return any(
        isinstance(value, Plaintext)
        for part in ("data", "stringData")
        for value in as_dict(secret.body.get(part)).values()
    )


def _facts(reading: Reading, request: Request, sightings: Sequence[Sighting]) -> Facts:
    now = request.now or datetime.now(UTC)
    return join(
        reading.resources,
        sightings,
        (),
        request.settings,
        now,
        reading.pods,
        reading.gaps,
        reading.host_files,
        reading.stores,
    )


def _graphed(request: Request, reading: Reading, facts: Facts, members: Members, *, conditional: bool) -> Known:
    request.progress("looking for ways")
    world = World(facts, members)
    graph = build(world, members, conditional=conditional)
    return Known(request, reading, facts, world, graph, members, conditional)


def supposed(known: Known, resources: list[Resource]) -> Known:
    """Return what would be known if the sources held other objects."""
    with paused():
        reading = dataclasses.replace(known.reading, resources=resources)
        facts = _facts(reading, known.request, known.facts.sightings)
        then = _graphed(known.request, reading, facts, known.members, conditional=known.conditional)
        return dataclasses.replace(then, notes=known.notes)


def report(known: Known, question: str, about: str = "", **answer: Any) -> AccessReport:
    """Make the report of an answer: with the exact places of its evidence, and the pages of the ways that it names."""
    made = AccessReport(
        tool=f"strongroom {strongroom.__version__}",
        question=question,
        about=about,
        sources=known.request.sources,
        created=known.facts.now.astimezone(UTC).isoformat(timespec="seconds"),
        conditional=known.conditional,
        secrets=len(known.graph.secrets()),
        control_plane=tuple(node for node in sorted(control_plane()) if node in known.graph.number),
        skipped=tuple(sorted(known.reading.skipped)),
        coverage=coverage(known.reading),
        ways=_pages(),
        notes=known.notes,
    )
    return msgspec.structs.replace(made, **answer)


class Places:
    """Gives the evidence of steps its exact lines; every step is looked up once."""

    def __init__(self, known: Known) -> None:
        limits = msgspec.structs.replace(known.request.limits, max_bytes=_LARGEST_PLACED)
        self._locator = Locator(known.reading.texts, limits, ())
        self._placed: dict[int, tuple[Step, Step]] = {}

    def route(self, route: Route | None) -> Route | None:
        """Return a path with exact places."""
        return Route(tuple(self.step(step) for step in route.steps)) if route is not None else None

    def reached(self, found: Iterable[Reached]) -> tuple[Reached, ...]:
        """Return what is reached with exact places."""
        return tuple(msgspec.structs.replace(one, route=self.route(one.route)) for one in found)

    def step(self, step: Step) -> Step:
        """Return a step with exact places."""
        if id(step) not in self._placed:
            evidence = tuple(self._evidence(one) for one in step.evidence)
            self._placed[id(step)] = step, msgspec.structs.replace(step, evidence=evidence)
        return self._placed[id(step)][1]

    def _evidence(self, evidence: Evidence) -> Evidence:
        if evidence.origin is None or evidence.resource is None:
            return evidence
        return msgspec.structs.replace(evidence, origin=self._locator.origin(evidence.origin, evidence.resource))


def _pages() -> dict[str, WayPage]:
    pages = {
        MEMBER: WayPage(MEMBER, "is in the group"),
        INCLUDES: WayPage(INCLUDES, "has by it"),
    }
    for way in WAYS:
        text = sys.modules[way.steps.__module__].__doc__ or ""
        pages[way.id] = WayPage(way.id, way.title, way.techniques, text)
    return pages
