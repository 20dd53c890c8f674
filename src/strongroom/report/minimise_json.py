"""Smaller roles as JSON. Within a version, fields are only ever added; every field is always there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from strongroom.model.minimise import Left, MinimiseReport, Proposal, Use
from strongroom.report.document import location, read, resource, unread
from strongroom.report.json import dump
from strongroom.report.sanitise import writable
from strongroom.report.shape import VERSION


def render(report: MinimiseReport) -> Iterator[str]:
    """Yield the JSON document; the same report gives the same text."""
    body = {
        "version": VERSION,
        "sources": [writable(source) for source in report.sources],
        "created": report.created,
        "roles": [_proposal(one, report) for one in report.proposals],
        "left": [_left(one) for one in report.left],
        "coverage": read(report.coverage),
        "skipped": [unread(skipped) for skipped in sorted(report.skipped)],
    }
    yield dump(body)


def _proposal(one: Proposal, report: MinimiseReport) -> dict[str, Any]:
    smaller = one.smaller
    role = smaller.role.resource
    return {
        "role": resource(role.id),
        "location": location(role.origin),
        "does": _texts(smaller.does),
        "unknown": _texts(smaller.open),
        "programs": _texts(node.show() for node in smaller.programs),
        "uses": [_use(use) for use in smaller.uses],
        "holders": [
            {"id": writable(each.who.show()), "secrets": each.before, "secrets_then": each.after, "by": [*each.ways]}
            for each in one.reach
        ],
        "rules": _clean(smaller.all_rules),
        "beside": _clean([body for made in smaller.beside for body in made.bodies()]),
        "step": one.step,
        "by_hand": writable(one.by_hand),
        "diff": _texts(report.views[one.step].diff) if one.step is not None else [],
    }


def _use(use: Use) -> dict[str, Any]:
    return {"secret": writable(use.secret.show()), "by": writable(use.by), "delivered": use.delivered}


def _left(one: Left) -> dict[str, Any]:
    return {"role": resource(one.role), "why": writable(one.why)}


def _texts(texts: Iterable[str]) -> list[str]:
    return [writable(text) for text in texts]


def _clean(value: Any) -> Any:
    """Return rules and objects with every text such that JSON can be read anywhere."""
    if isinstance(value, dict):
        return {writable(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return writable(value) if isinstance(value, str) else value
