"""One value in several places: what a report's sightings and keys have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from strongroom.model.origin import Origin, show_path
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import Report
from strongroom.model.resource import ResourceId
from strongroom.report.sanitise import NAME_LIMIT, line

_Field: TypeAlias = tuple[str, ResourceId | None, str, str]


class ValuePlace(NamedTuple):
    """One place where a value stands.

    Attributes:
        name: the key, variable or flag that holds it.
        context: the kind of field, as `model.place.Context` names it.
    """

    name: str
    context: str
    resource: ResourceId | None
    origin: Origin


class Shared(NamedTuple):
    """One value that stands in several places, ordered by place."""

    fingerprint: Fingerprint
    what: str
    places: tuple[ValuePlace, ...]


def shared_values(report: Report) -> tuple[Shared, ...]:
    """Return the secret values that stand in more than one place, by fingerprint.

    Public values and placeholders are left out: that a CA bundle is everywhere is no news.
    """
    what: dict[Fingerprint, str] = {}
    places: dict[Fingerprint, dict[_Field, ValuePlace]] = {}
    for fingerprint, kind, place in _all(report):
        what.setdefault(fingerprint, kind)
        known = places.setdefault(fingerprint, {})
        field = _field(place)
        known[field] = max(known.get(field, place), place, key=lambda one: (one.origin.end_line, one.origin.line))
    return tuple(
        Shared(fingerprint, what[fingerprint], tuple(sorted(found.values(), key=_order)))
        for fingerprint, found in sorted(places.items())
        if len(found) > 1
    )


def describe(place: ValuePlace) -> str:
    """Name a place for people: ``ConfigMap shop/api, TOKEN``; free of control characters."""
    parts = (place.resource.show() if place.resource else "", place.name.strip())
    return ", ".join(line(part, 2 * NAME_LIMIT) for part in parts if part)


def _all(report: Report) -> Iterator[tuple[Fingerprint, str, ValuePlace]]:
    for one in report.sightings:
        yield one.fingerprint, one.what, ValuePlace(one.name, one.context.value, one.resource, one.origin)
    for record in report.secrets:
        for definition in record.definitions:
            for key in definition.keys:
                if key.fingerprint and not key.public and not key.placeholder:
                    yield (
                        key.fingerprint,
                        "secret value",
                        ValuePlace(key.name, "secret", definition.resource, key.origin),
                    )


def _field(place: ValuePlace) -> _Field:
    """Return what tells places apart, whether or not their lines were looked up."""
    origin = place.origin
    return origin.path, place.resource, show_path(origin.field), origin.inner


def _order(place: ValuePlace) -> tuple[str, int, int, str, str]:
    origin = place.origin
    return origin.path, origin.line, origin.column, show_path(origin.field), origin.inner
