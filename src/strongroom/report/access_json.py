"""An answer about access as JSON, as ``schema/access-v1.json`` describes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strongroom.model.access import Evidence, Node, Step
from strongroom.model.access_report import AccessReport, Change, Exposure, Reached, ReviewRow, Route
from strongroom.report import access_shape as shape
from strongroom.report.document import location, read, resource, unread
from strongroom.report.json import dump
from strongroom.report.sanitise import writable
from strongroom.report.shape import VERSION


def render(report: AccessReport) -> Iterator[str]:
    """Yield the JSON document; the same report gives the same text."""
    yield dump(document(report))


def document(report: AccessReport) -> shape.Document:
    """Turn an answer into its JSON form."""
    return shape.Document(
        version=VERSION,
        question=report.question,
        about=writable(report.about),
        sources=[writable(source) for source in report.sources],
        created=report.created,
        conditional=report.conditional,
        left_out=report.left_out,
        exposures=[_exposure(one) for one in report.exposures],
        reached=_reached(report.reached),
        paths=[_path(route) for route in report.routes],
        changes=[_change(one) for one in report.changes],
        review=[_review(row) for row in report.review],
        ways=[shape.Way(way, page.title, list(page.techniques)) for way, page in sorted(report.ways.items())],
        coverage=read(report.coverage),
        notes=[writable(note) for note in report.notes],
        skipped=[unread(skipped) for skipped in sorted(report.skipped)],
    )


def _node(node: Node) -> shape.Node:
    return shape.Node(writable(node.show()), *map(writable, node))


def _step(step: Step) -> shape.Step:
    return shape.Step(
        source=writable(step.source.show()),
        target=writable(step.target.show()),
        way=step.way,
        condition=writable(step.condition),
        note=writable(step.note),
        evidence=[_evidence(one) for one in step.evidence],
    )


def _evidence(one: Evidence) -> shape.Evidence:
    place = location(one.origin) if one.origin is not None else None
    return shape.Evidence(writable(one.role), resource(one.resource), place, writable(one.note))


def _path(route: Route | None) -> list[shape.Step]:
    return [_step(step) for step in route.steps] if route is not None else []


def _reached(found: Iterable[Reached]) -> list[shape.Reached]:
    return [shape.Reached(_node(one.node), one.steps, _path(one.route), one.control_plane) for one in found]


def _exposure(one: Exposure) -> shape.Exposure:
    return shape.Exposure(
        secret=_node(Node("Secret", one.secret.namespace, one.secret.name)),
        identities=one.identities,
        users=one.users,
        groups=one.groups,
        service_accounts=one.accounts,
        nodes=one.nodes,
        control_plane=one.control_plane,
        everyone=writable(one.everyone),
        by_steps=list(one.by_steps),
        more_steps=one.farther,
        means=[shape.Means(way, number) for way, number in one.means],
        reached_by=_reached(one.reached_by),
        location=location(one.origin) if one.origin is not None else None,
    )


def _change(one: Change) -> shape.Change:
    return shape.Change(
        _node(one.identity), _reached(one.gained), [_node(node) for node in one.lost], [_node(n) for n in one.on_new]
    )


def _review(row: ReviewRow) -> shape.ReviewLine:
    return shape.ReviewLine(
        identity=_node(row.identity),
        members=row.members,
        namespace=writable(row.namespace),
        every=not row.secrets,
        secrets=[writable(name) for name in row.secrets],
        count=row.count,
        steps=row.steps,
        means=list(row.means),
        granted_by=writable(row.granted_by),
        changed=row.changed,
        owners=[writable(owner) for owner in row.owners],
    )
