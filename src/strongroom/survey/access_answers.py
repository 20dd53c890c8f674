"""The answers of ``strongroom access``: each asks the graph, and places what it shows."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from strongroom.access.changes import changes
from strongroom.access.names import anything_named, identity_named, secret_named
from strongroom.access.questions import Exposures, paths, reached_by, reaching, withheld_from
from strongroom.access.review import Review, custody_of
from strongroom.access.what_if import allowing, without
from strongroom.errors import UsageError
from strongroom.model.access import Node, Step
from strongroom.model.access_report import AccessReport, Exposure, Route
from strongroom.model.origin import Origin
from strongroom.model.secret import SecretRef
from strongroom.survey.access import Known, Places, report, supposed

ROUTES_SHOWN = 2_000
"""Shortest paths that an answer holds with the exact places of their evidence; what it counts is not limited."""


def exposure(known: Known, secret: str | None, *, pictured: bool = False) -> AccessReport:
    """Say who reaches one Secret, and by which path, or how widely each is reached.

    Args:
        known: what the sources say.
        secret: its name; None for all.
        pictured: give the steps on the way too.

    Raises:
        UsageError: the sources know no Secret of that name.
    """
    graph = known.graph
    origins = _origins(known)
    found = Exposures(graph)
    places = Places(known)
    if secret is None:
        listed = [_with_origin(one, origins) for one in found.of(graph.secrets())]
        steps = _pictured(known, graph.identities(), graph.secrets(), places) if pictured else ()
        return report(known, "exposure", exposures=tuple(listed), graph=steps, left_out=found.withheld())
    node = secret_named(secret, graph)
    number = graph.number[node]
    who = sorted(reaching(graph, found.who(number), number), key=lambda one: (one.control_plane, one.steps, one.node))
    (one,) = found.of([number])
    one = msgspec.structs.replace(_with_origin(one, origins), reached_by=places.reached(who[:ROUTES_SHOWN]))
    steps = _pictured(known, graph.identities(), [number], places) if pictured else ()
    return report(known, "exposure", node.show(), exposures=(one,), graph=steps, left_out=found.withheld())


def reach(known: Known, identity: str, *, pictured: bool = False) -> AccessReport:
    """Say what somebody reaches.

    Raises:
        UsageError: the sources know nobody of that name.
    """
    graph = known.graph
    node = identity_named(identity, graph, known.world)
    found = reached_by(graph, graph.number[node])
    places = Places(known)
    steps = _pictured(known, [graph.number[node]], graph.secrets(), places) if pictured else ()
    left_out = withheld_from(graph, graph.number[node])
    return report(
        known, "reach", node.show(), reached=places.reached(found[:ROUTES_SHOWN]), graph=steps, left_out=left_out
    )


def between(known: Known, source: str, target: str, *, pictured: bool = False) -> AccessReport:
    """Say by which shortest paths one reaches the other.

    Raises:
        UsageError: the sources do not know the one or the other, or both are the same.
    """
    graph = known.graph
    start, end = anything_named(source, graph, known.world), anything_named(target, graph, known.world)
    if start == end:
        raise UsageError("a path from something to itself is none", hint="name two different ones")
    places = Places(known)
    found = paths(graph, graph.number[start], graph.number[end])
    routes = tuple(Route(tuple(places.step(step) for step in route.steps)) for route in found)
    steps = tuple(dict.fromkeys(step for route in routes for step in route.steps)) if pictured else ()
    left_out = withheld_from(graph, graph.number[start])
    about = f"{start.show()} to {end.show()}"
    return report(known, "paths", about, routes=routes, graph=steps, left_out=left_out)


def reviewed(known: Known, *, pictured: bool = False) -> AccessReport:
    """Make the lines of an access review: people, groups and service accounts, and the Secrets that they reach."""
    graph = known.graph
    labels = known.facts.settings.owner_labels
    custody = {
        Node("Secret", one.ref.namespace or "default", one.ref.name): custody_of(one, labels)
        for one in known.facts.secrets
    }
    rows = Review(graph, custody, known.members).rows()
    steps = _pictured(known, graph.identities(), graph.secrets(), Places(known)) if pictured else ()
    return report(known, "review", review=tuple(rows), graph=steps, left_out=Exposures(graph).withheld())


def difference(before: Known, after: Known) -> AccessReport:
    """Say who reaches other Secrets after than before."""
    return _changed(before, after, "diff", " to ".join((_named(before), _named(after))))


def what_if(known: Known, *, remove: tuple[str, ...], allow: tuple[str, ...], compromise: str | None) -> AccessReport:
    """Say what would change if objects were removed and rights given, and what somebody would reach then.

    Raises:
        UsageError: there is no such object or identity, or a right is not of the form that it has to be.
    """
    if not (remove or allow or compromise):
        raise UsageError("what-if supposes nothing", hint="--remove, --allow or --compromise")
    then = known
    if remove or allow:
        given = [resource for right in allow for resource in allowing(right, known.facts)]
        then = supposed(known, [*without(known.reading.resources, remove), *given])
    parts = [*(f"without {name}" for name in remove), *(f"with {right}" for right in allow)]
    if compromise is None:
        return _changed(known, then, "what-if", ", ".join(parts))
    parts.append(f"{compromise} compromised")
    fallen = reach(then, compromise)
    found = _changed(known, then, "what-if", ", ".join(parts)) if then is not known else fallen
    return msgspec.structs.replace(found, question="what-if", about=", ".join(parts), reached=fallen.reached)


def _changed(before: Known, after: Known, asked: str, about: str) -> AccessReport:
    places = Places(after)
    found = tuple(
        msgspec.structs.replace(one, gained=places.reached(one.gained)) for one in changes(before.graph, after.graph)
    )
    return report(after, asked, about, changes=found, left_out=Exposures(after.graph).withheld())


def _named(known: Known) -> str:
    return ", ".join(known.request.sources)


def _pictured(known: Known, sources: Iterable[int], targets: Iterable[int], places: Places) -> tuple[Step, ...]:
    return tuple(places.step(step) for step in known.graph.between(sources, targets))


def _origins(known: Known) -> dict[SecretRef, Origin]:
    records = known.facts.secrets
    return {SecretRef(r.ref.namespace or "default", r.ref.name): r.origin for r in records if r.origin is not None}


def _with_origin(one: Exposure, origins: dict[SecretRef, Origin]) -> Exposure:
    return msgspec.structs.replace(one, origin=origins.get(one.secret))
