"""An answer about access as one table: what CSV and Markdown write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from strongroom.model.access import Node
from strongroom.model.access_report import AccessReport, Reached, Route
from strongroom.report.access_words import line_of

_DAY = len("2026-01-31")
SIGN_OFF = ("keep", "reviewed by", "date")
"""Columns of a review that are left for a person to fill in."""


class Table(NamedTuple):
    """A header and rows of text that is not made safe yet."""

    header: tuple[str, ...]
    rows: Iterator[tuple[str, ...]]


def table(report: AccessReport) -> Table:
    """Return the table of an answer."""
    if report.question == "review":
        return _review(report)
    if report.question == "paths":
        return _paths(report)
    if report.reached:
        return _reached(report)
    if report.question in ("diff", "what-if"):
        return _changes(report)
    return _exposed_to(report) if report.about else _exposures(report)


def _exposures(report: AccessReport) -> Table:
    header = ("namespace", "secret", "identities", "users", "groups", "service accounts", "nodes", "control plane")
    rows = (
        (
            one.secret.namespace,
            one.secret.name,
            *map(str, (one.identities, one.users, one.groups, one.accounts, one.nodes, one.control_plane)),
            _nearest(one.by_steps),
            one.everyone,
            "; ".join(f"{way} {number}" for way, number in one.means),
            one.origin.show() if one.origin is not None else "",
        )
        for one in report.exposures
    )
    return Table((*header, "nearest", "everybody", "means", "place"), rows)


def _nearest(by_steps: tuple[int, ...]) -> str:
    return next((str(index) for index, number in enumerate(by_steps) if number), "")


def _exposed_to(report: AccessReport) -> Table:
    header = ("secret", "kind", "namespace", "name", "steps", "path")
    return Table(
        header,
        (
            (report.about, *_node(found.node), str(found.steps), _line(found.route))
            for one in report.exposures
            for found in one.reached_by
        ),
    )


def _reached(report: AccessReport) -> Table:
    header = ("identity", "kind", "namespace", "name", "steps", "path")
    return Table(header, ((report.about, *_node(one.node), str(one.steps), _line(one.route)) for one in report.reached))


def _paths(report: AccessReport) -> Table:
    header = ("path", "step", "from", "to", "way", "condition", "evidence")
    rows = (
        (
            str(number),
            str(index),
            step.source.show(),
            step.target.show(),
            step.way,
            step.condition,
            "; ".join(f"{one.role} {one.resource.show()}" for one in step.evidence if one.resource is not None),
        )
        for number, route in enumerate(report.routes, 1)
        for index, step in enumerate(route.steps, 1)
    )
    return Table(header, rows)


def _changes(report: AccessReport) -> Table:
    header = ("change", "identity", "secret", "steps", "path")
    return Table(header, _changed(report))


def _changed(report: AccessReport) -> Iterator[tuple[str, ...]]:
    for one in report.changes:
        identity = one.identity.show()
        yield from (("gained", identity, *_gained(found)) for found in one.gained)
        yield from (("lost", identity, node.show(), "", "") for node in one.lost)
        yield from (("new secret", identity, node.show(), "", "") for node in one.on_new)


def _gained(found: Reached) -> tuple[str, ...]:
    return found.node.show(), str(found.steps), _line(found.route)


def _review(report: AccessReport) -> Table:
    header = ("kind", "identity", "members known", "namespace", "secrets", "count", "steps", "means", "granted by")
    rows = (
        (
            row.identity.kind,
            "/".join(part for part in row.identity[1:] if part),
            str(row.members or ""),
            row.namespace or "every namespace",
            "; ".join(row.secrets) or "every Secret",
            str(row.count),
            str(row.steps),
            ", ".join(row.means),
            row.granted_by,
            row.changed[:_DAY],
            "; ".join(row.owners),
            *("" for _ in SIGN_OFF),
        )
        for row in report.review
    )
    return Table((*header, "last change", "owners", *SIGN_OFF), rows)


def _node(node: Node) -> tuple[str, str, str]:
    return node.kind, node.namespace, node.name


def _line(route: Route | None) -> str:
    return line_of(route) if route is not None else ""
