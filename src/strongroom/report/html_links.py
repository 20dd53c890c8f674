"""Which findings are about which Secret, and about which part of its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from strongroom.model.finding import Finding
from strongroom.model.origin import FieldPath, Origin
from strongroom.model.plaintext import Fingerprint
from strongroom.model.report import Report
from strongroom.model.resource import ResourceId
from strongroom.model.secret import Consumer, SecretRecord

LINK_LIMIT = 40
"""Secrets that one finding is linked to: a finding about a store may concern thousands."""

NEARBY = 2
"""Steps above a consumer's reference that still speak of it: ``env[0]`` above ``env[0].valueFrom.secretKeyRef``."""


class Spot(NamedTuple):
    """A part of a Secret's way: ``defined``, ``value``, ``stored`` or ``consumed``, and which one of them."""

    stage: str
    number: int


VALUE = Spot("value", 0)
"""A value of the Secret, wherever else it stands."""


class Mark(NamedTuple):
    """A finding, by its index in the report, at a spot of a Secret."""

    finding: int
    spot: Spot


_Object = tuple[ResourceId | None, str, str]


class _Index:
    """Where to look up the Secrets that a finding may be about.

    Objects are known by name and file, not by the number of their document, which a rendered manifest does not have.
    """

    def __init__(self, report: Report, numbers: Sequence[int]) -> None:
        self.objects: dict[_Object, dict[int, Spot]] = defaultdict(dict)
        self.fields: dict[tuple[_Object, FieldPath], dict[int, Spot]] = defaultdict(dict)
        self.values: dict[Fingerprint, dict[int, Spot]] = defaultdict(dict)
        self.stores: dict[str, dict[int, Spot]] = defaultdict(dict)
        for number in numbers:
            self._add(number, report.secrets[number])
        # A value inside a file that a key holds, such as a registry's password, is no key's value.
        for sighting in report.sightings:
            for number, spot in self.objects.get(_at(sighting.resource, sighting.origin), {}).items():
                if spot.stage == "defined":
                    _note(self.values[sighting.fingerprint], number, VALUE)

    def _add(self, number: int, record: SecretRecord) -> None:
        for index, definition in enumerate(record.definitions):
            _note(self.objects[_at(definition.resource, definition.origin)], number, Spot("defined", index))
            for key in definition.keys:
                if key.fingerprint and not key.public and not key.placeholder:
                    _note(self.values[key.fingerprint], number, VALUE)
        for index, stored in enumerate(record.stored):
            _note(self.stores[stored.store], number, Spot("stored", index))
        for index, consumer in enumerate(record.consumers):
            self._add_consumer(number, index, consumer)

    def _add_consumer(self, number: int, index: int, consumer: Consumer) -> None:
        field = consumer.origin.field
        for above in range(min(NEARBY, max(len(field) - 1, 0)) + 1):
            path = field[: len(field) - above]
            # A list as a whole belongs to all its items and to none of them.
            if above and isinstance(field[len(path)], int):
                break
            _note(self.fields[_at(consumer.resource, consumer.origin), path], number, Spot("consumed", index))

    def of(self, finding: Finding) -> Iterator[tuple[int, Spot]]:
        """Yield the Secrets that a finding is about, the most telling relation first."""
        place, field = _at(finding.resource, finding.origin), finding.origin.field
        for end in range(len(field), 0, -1):
            yield from self.fields.get((place, field[:end]), {}).items()
        if finding.resource is not None:
            yield from self.objects.get(place, {}).items()
            yield from self.stores.get(f"{finding.resource.kind} {finding.resource.name}", {}).items()
        if finding.value is not None:
            yield from self.values.get(finding.value, {}).items()


def marks_of(report: Report, shown: Sequence[int], numbers: Sequence[int]) -> dict[int, tuple[Mark, ...]]:
    """Return, for each of the numbered Secrets, the shown findings about it in the order of the report.

    A finding is about a Secret where it stands at one of its consumers' references, on an object that defines it or on
    the store that holds it, or where it speaks of one of its values.
    """
    index = _Index(report, numbers)
    marks: dict[int, list[Mark]] = defaultdict(list)
    for number in shown:
        met: set[int] = set()
        for secret, spot in index.of(report.findings[number]):
            if secret in met:
                continue
            if len(met) >= LINK_LIMIT:
                break
            met.add(secret)
            marks[secret].append(Mark(number, spot))
    return {secret: tuple(found) for secret, found in marks.items()}


def _note(spots: dict[int, Spot], number: int, spot: Spot) -> None:
    if len(spots) < LINK_LIMIT:
        spots.setdefault(number, spot)


def _at(resource: ResourceId | None, origin: Origin) -> _Object:
    return resource, origin.source, origin.path
